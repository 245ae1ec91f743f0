// No input crashes, hangs or uses more than its limits: texts and operands that are far too long,
// deep, large or odd. Each is evaluated in every way; all must agree and stay inside the limits.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/slot_evaluation.hpp"

namespace sluice::rules::expression {
namespace {

using testing::all_ways;
using testing::evaluate_event;

constexpr auto longest = std::chrono::seconds(20);  // of a sanitized program on a loaded machine

std::string times(std::string_view text, std::size_t count)
{
    std::string made;
    made.reserve(text.size() * count);
    for (std::size_t i = 0; i < count; ++i) made += text;
    return made;
}

struct hard_case {
    const char* what;
    std::string text;
    const char* expected;  ///< refused by the parser; error (at load or later), limit or value
    std::string event = "{}";
};

std::string_view kind_of(const testing::evaluation_answer& answer, std::string_view expected)
{
    if (answer.is_refused) return expected == "error" ? "error" : "refused";
    if (answer.is_limit) return "limit";
    return answer.is_error ? "error" : "value";
}

void each_ends_as_expected(const std::vector<hard_case>& cases)
{
    const limits bounds;
    for (const auto& hard : cases) {
        for (const auto way : all_ways) {
            const auto began = std::chrono::steady_clock::now();
            const auto answer = evaluate_event(hard.text, hard.event, way, bounds);
            EXPECT_EQ(kind_of(answer, hard.expected), hard.expected)
                << hard.what << (way.optimize ? " optimised: " : " plain: ")
                << answer.text.substr(0, 200);
            EXPECT_LT(std::chrono::steady_clock::now() - began, longest) << hard.what;
            EXPECT_LE(answer.arena_bytes, bounds.arena_bytes_max + 2 * bounds.value_bytes_max)
                << hard.what;
            EXPECT_LE(answer.loop_steps, bounds.loop_steps_max + 1) << hard.what;
        }
    }
}

TEST(Robustness, NestedTextIsRefusedBeyondItsDepth)
{
    std::vector<hard_case> cases{
        {"parentheses within the limit", times("(", 200) + "1" + times(")", 200), "value"},
        {"lists within the limit", times("[", 200) + times("]", 200), "value"},
        {"nested macros within the limit", times("[1].map(x, ", 100) + "1" + times(")", 100),
         "value"},
    };
    for (const char* open : {"(", "[", "{1:", "[1].map(x, ", "f(", "a.f(", "a[", "!(", "-(",
                             "true ? (", "1 + (", "has(a."}) {
        for (const std::size_t count : {300U, 8'000U}) {
            cases.push_back({open, times(open, count), "refused"});
        }
    }
    cases.push_back({"closed", times("(", 5'000) + "1" + times(")", 5'000), "refused"});
    cases.push_back({"only closing", times(")", 90'000), "refused"});
    cases.push_back({"mixed", times("([{", 20'000), "refused"});
    each_ends_as_expected(cases);
}

TEST(Robustness, LongChainsEndInAValueOrAClearRefusal)
{
    each_ends_as_expected({
        {"sum of 500", "1" + times(" + 1", 499), "value"},
        {"sum of 25,000", "1" + times(" + 1", 24'000), "refused"},
        {"and of 500", "true" + times(" && true", 499), "value"},
        {"fields", "event" + times(".a", 30'000), "refused"},
        {"optional fields", "event" + times(".?a", 30'000), "refused"},
        {"indexes", "event" + times("[0]", 30'000), "refused"},
        {"methods", "'a'" + times(".trim()", 12'000), "refused"},
        {"conditionals", times("true ? 1 : ", 8'000) + "2", "refused"},
        {"comparisons", "1" + times(" < 1", 20'000), "refused"},
        {"not", times("!", 90'000) + "true", "refused"},
        {"minus", times("-", 90'000) + "1", "refused"},
        {"a list of 9,000", "[1" + times(",1", 8'999) + "].size()", "value"},
        {"too long by one", "1 //" + times("x", 99'997), "refused"},
        {"a comment as long as allowed", "1 //" + times("x", 99'996), "value"},
    });
}

TEST(Robustness, OddTokensAreRefusedWithoutFurtherHarm)
{
    each_ends_as_expected({
        {"nothing", "", "refused"},
        {"blanks", times(" ", 90'000), "refused"},
        {"digits", times("9", 90'000), "refused"},
        {"hexadecimal", "0x" + times("f", 90'000), "refused"},
        {"an exponent", "1e" + times("9", 90'000), "refused"},
        {"a long fraction", "0." + times("1", 90'000), "value"},
        {"zeros before", times("0", 90'000) + "1", "value"},
        {"a long name", times("n", 90'000), "error"},
        {"an open text", "'" + times("a", 90'000), "refused"},
        {"open long text", "'''" + times("a'", 40'000), "refused"},
        {"backslashes", "'" + times("\\", 90'001) + "'", "refused"},
        {"bad bytes", "'\xff\xfe'", "refused"},
        {"a bad byte alone", "\xc3", "refused"},
        {"zero byte", std::string("1\0+1", 4), "refused"},
        {"a surrogate", "'\\ud800'", "refused"},
        {"half an escape", "'\\u12", "refused"},
        {"back quotes", "event." + times("`", 90'000), "refused"},
        {"dots", times(".", 90'000), "refused"},
        {"commas", "[" + times(",", 90'000) + "]", "refused"},
        {"operators", times("&& ||", 15'000), "refused"},
    });
}

TEST(Robustness, LoopsAndGrowingValuesMeetTheirLimits)
{
    const auto doubled = times("cel.bind(s, s + s, ", 40) + "s.size()" + times(")", 40);
    each_ends_as_expected({
        {"loops in loops",
         "lists.range(1000).map(x, lists.range(1000).map(y, x * y).size()).size()", "limit"},
        {"a loop over 100,000 items", "lists.range(100000).size()", "limit"},
        {"the longest range", "lists.range(9223372036854775807).size()", "limit"},
        {"a text doubled 40 times", "cel.bind(s, 'ab', " + doubled + ")", "limit"},
        {"a list doubled 40 times", "cel.bind(s, [1, 2], " + doubled + ")", "limit"},
        {"replacing nothing by much",
         "'" + times("a", 5'000) + "'.replace('', '" + times("b", 5'000) + "').size()", "limit"},
        {"a text into its characters", "'" + times("a", 20'000) + "'.split('').size()", "limit"},
        {"joined over and over",
         "lists.range(9000).map(x, '" + times("x", 1'000) + "').join().size()", "limit"},
        {"regex replaced by much",
         "regex.replace('" + times("a", 5'000) + "', '', '" + times("b", 5'000) + "').size()",
         "limit"},
        {"padded", "'a'.padLeft(9223372036854775807)", "error"},
        {"format over and over",
         "'" + times("%s", 3'000) + "'.format(lists.range(3000).map(x, '" + times("y", 1'000) +
             "')).size()",
         "limit"},
        {"flattened for ever", "[[[1]]].flatten(9223372036854775807).size()", "value"},
        {"sorted backwards", "lists.range(3000).sortBy(x, -x).size()", "value"},
        {"unique among many", "lists.range(9000).distinct().size()", "limit"},
    });
}

TEST(Robustness, RegularExpressionsAreBounded)
{
    const std::string text = "'" + times("a", 3'000) + "'";
    each_ends_as_expected({
        {"classic backtracking", text + ".matches('^(a+)+$')", "value"},
        {"nested stars", text + ".matches('((((a*)*)*)*)*b')", "value"},
        {"a long pattern", "'a'.matches('" + times("a", 1'001) + "')", "error"},
        {"a long pattern of an event", "'a'.matches(event.p)", "limit",
         "{\"p\":\"" + times("a", 1'001) + "\"}"},
        {"counted classes", "'a'.matches('" + times("\\\\pL{50}", 4) + "')", "error"},
        {"counted classes of an event", "'a'.matches(event.p)", "limit",
         R"({"p":"\\pL{50}\\pL{50}"})"},
        {"counts of counts", "'a'.matches('(x{1000}){1000}')", "error"},
        {"open groups", "'a'.matches('" + times("(", 900) + "')", "error"},
        {"groups", "regex.groups('a', '" + times("(a?)", 200) + "').size()", "value"},
        {"every place matches", "regex.extractAll(" + text + ", 'a').size()", "value"},
        {"every place is empty", "regex.replace(" + text + ", '', '').size()", "value"},
        {"cut everywhere", "regex.split(" + text + ", '').size()", "value"},
    });
}

TEST(Robustness, ExtremeOperandsAreErrorsNotAccidents)
{
    const std::string least = "-9223372036854775808", most = "9223372036854775807";
    std::vector<hard_case> cases;
    for (const auto& n : {least, most}) {
        for (const char* text :
             {"'abc'.charAt(N)", "'abc'.substring(N)", "'abc'.substring(0, N)",
              "'abc'.indexOf('a', N)", "'abc'.lastIndexOf('a', N)", "[1].slice(0, N)",
              "[1].slice(N, N)", "[1][N]", "timestamp(N)", "time.formatMillis(N, 'yyyy')",
              "time.with(timestamp(0), 'year', N)", "time.of(N, 1, 1, 0, 0, 0, 0, 'UTC')",
              "time.of(2025, 1, 1, 0, 0, N, 0, 'UTC')", "'a'.padRight(N)", "number.round(1.5, N)",
              "timestamp(N) - duration('1s')"}) {
            std::string made = text;
            for (auto at = made.find('N'); at != std::string::npos; at = made.find('N', at)) {
                made.replace(at, 1, n);
                at += n.size();
            }
            cases.push_back({text, made, "error"});
        }
    }
    cases.insert(
        cases.end(),
        {{"abs of the least", "math.abs(" + least + ")", "error"},
         {"shift by the most", "math.bitShiftLeft(1, " + most + ")", "value"},
         {"divided", least + " / -1", "error"},
         {"remainder", least + " % -1", "error"},
         {"replaced often", "'aaa'.replace('a', 'b', " + least + ")", "value"},
         {"split often", "'a,b'.split(',', " + least + ").size()", "value"},
         {"sum", "[" + most + ", 1].sum()", "error"},
         {"a long duration", "duration('" + times("9", 1'000) + "h')", "error"},
         {"a fine duration", "duration('0." + times("1", 1'000) + "s')", "value"},
         {"a long number", "int('" + times("9", 1'000) + "')", "error"},
         {"a long double", "double('" + times("9", 1'000) + "')", "error"},
         {"deep JSON", "json.parse('" + times("[", 5'000) + "')", "error"},
         {"a long zone", "timestamp(0).getHours('" + times("A/", 2'000) + "')", "error"},
         {"a zone out of its folder", "timestamp(0).getHours('../../../../etc/passwd')", "error"}});
    each_ends_as_expected(cases);
}

TEST(Robustness, FormatsAndPatternsAreBounded)
{
    each_ends_as_expected({
        {"widest precision", "'%.100f'.format([1.0]).size()", "value"},
        {"one more", "'%.101f'.format([1.0])", "error"},
        {"far more", "'%.99999999999999999999f'.format([1.0])", "error"},
        {"a percent alone", "'%'.format([])", "error"},
        {"a precision alone", "'%.'.format([1])", "error"},
        {"more clauses than arguments", "'" + times("%s", 10'000) + "'.format([1])", "error"},
        {"the largest double in full", "'%.100f'.format([1.7976931348623157e308]).size()", "value"},
        {"a long date pattern", "time.format(timestamp(0), '" + times("y", 10'000) + "')", "error"},
        {"many date letters", "time.format(timestamp(0), '" + times("yyyy-", 5'000) + "').size()",
         "value"},
        {"an open quote", "time.format(timestamp(0), \"yyyy'\")", "error"},
        {"open brackets", "time.parse('2020', 'yyyy" + times("[", 500) + "')", "error"},
        {"optional parts", "time.parse('2020', 'yyyy" + times("[-MM]", 200) + "')", "value"},
        {"a number pattern of zeros", "number.format(1.5, '" + times("0", 1'000) + "').size()",
         "error"},
        {"an empty number pattern", "number.format(1.5, '')", "error"},
        {"a number of many digits", "number.parse('" + times("9", 5'000) + "')", "error"},
    });
}

TEST(Robustness, EventsOfEveryShapeAreReadWithinBounds)
{
    const auto deep = times("{\"a\":", 400) + "1" + times("}", 400);
    const auto wide = "{\"l\":[1" + times(",1", 50'000) + "]}";
    each_ends_as_expected({
        {"a deep event", "size(event)", "value", deep},
        {"a deep path", "default(event" + times(".a", 100) + ", 0) != 0", "value", deep},
        {"compared with itself", "event == event", "value", deep},
        {"a wide list", "event.l.size()", "value", wide},
        {"a loop over it", "event.l.all(x, x == 1)", "limit", wide},
        {"a copy of it", "(event.l + [1]).size()", "limit", wide},
        {"numbers that no parser holds", "event.n == event.n", "error",
         "{\"n\":" + times("9", 5'000) + ".0}"},
        {"a key of 64 KB", "event.map(k, k.size())[0]", "value",
         "{\"" + times("k", 65'536) + "\":1}"},
        {"half a surrogate", "event.s.size()", "value", R"({"s":"\ud83d\ude00"})"},
    });
}

}  // namespace
}  // namespace sluice::rules::expression
