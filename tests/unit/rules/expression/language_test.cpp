// Laws of the language that the published suite does not state: absent errors, defaults, slots,
// limits, printing.

#include <gtest/gtest.h>

#include <map>

#include "rules/expression/conjuncts.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/printer.hpp"
#include "rules/expression/typed_json.hpp"

namespace sluice::rules::expression {
namespace {

constexpr std::string_view sample =
    R"({"k":null,"s":"x","n":5,"d":1.0,"a":{"b":[{"c":1}],"t":true},"big":18446744073709551616,"dup":{"x":1,"x":2}})";

// Answers every chain below `event` with a slot filled from a decoded document.
class document_paths final : public path_resolver {
public:
    explicit document_paths(const value& document) : document_(document) {}
    std::vector<value> slots;

    std::optional<resolved_path> resolve(std::string_view,
                                         std::span<const path_step> steps) override
    {
        auto at = document_;
        std::uint32_t found = 0;
        for (const auto& step : steps) {
            if (!at.is(value_kind::map)) {
                at = value::absent_path(found, true);
                break;
            }
            const value* next = nullptr;
            for (const auto& entry : at.entries()) {
                if (next == nullptr && entry.key.text() == step.name) next = &entry.item;
            }
            if (next == nullptr) {
                at = value::absent_path(found, false);
                break;
            }
            at = *next;
            ++found;
        }
        slots.push_back(at);
        return resolved_path{static_cast<slot_index>(slots.size() - 1)};
    }

private:
    value document_;
};

struct outcome {
    std::string text;  // JSON of the value, or the description of the error
    bool absent = false;
};

class with_slots : public ::testing::TestWithParam<bool> {
protected:
    outcome run(std::string_view expression, std::string_view json = sample)
    {
        event_arena arena;
        document_paths paths(*read_json(json, arena));
        compile_environment environment;
        environment.variables = {{"event", value_kind::any, 0, true}};
        environment.paths = &paths;
        environment.optimize = GetParam();
        std::vector<problem> problems;
        const auto program = compile(expression, environment, problems);
        if (!program) return {"load: " + problems.front().message, false};
        evaluation_context context(arena, environment.bounds);
        context.slots = paths.slots;
        const auto made = program->evaluate(context);
        if (made.is_error()) return {program->describe(made), made.is_absent()};
        outcome done;
        const char* why = nullptr;
        if (!write_json(made, done.text, &why)) done.text = why;
        return done;
    }
};

INSTANTIATE_TEST_SUITE_P(PlainAndOptimised, with_slots, ::testing::Bool());

TEST_P(with_slots, NullDoesNotChain)
{
    EXPECT_EQ(run("has(event.k)").text, "true");
    EXPECT_EQ(run("event.k == null").text, "true");
    EXPECT_EQ(run("event.k == 1").text, "false");
    for (const auto text :
         {"event.k.x", "event.?k.x", "event.?k.?x", "event.?s.x", "event.k + 1", "event.k < 1",
          "size(event.k)", "!event.k", "string(event.k)", "event.k[0]"}) {
        EXPECT_TRUE(run(text).absent) << text;
    }
    EXPECT_EQ(run("event.?zz.x.y.hasValue()").text, "false");
    EXPECT_EQ(run("optional.of(event.k).hasValue()").text, "true");
}

TEST_P(with_slots, DefaultCoversTheShapeOfTheEventAndNothingElse)
{
    EXPECT_EQ(run("default(event.q.w.e, 'none')").text, "\"none\"");
    EXPECT_EQ(run("default(event.k, 'none')").text, "\"none\"");
    EXPECT_EQ(run("default(event.s, 'none')").text, "\"x\"");
    EXPECT_EQ(run("default(event.?n, 1)").text, "5");
    EXPECT_EQ(run("default(event.a.b[7].c, 'none')").text, "\"none\"");
    EXPECT_EQ(run("default(int(event.qty), 1)").text, "1");
    EXPECT_EQ(run("default(int(event.s), 1)").text, "the text is no int");
    EXPECT_EQ(run("default(1 / 0, 5)").text, "division by zero");
    EXPECT_EQ(run("coalesce(event.no, event.k, 7)").text, "7");
    EXPECT_EQ(run("coalesce(event.no, null)").text, "null");
    EXPECT_EQ(run("coalesce(event.no, event.n, 1 / 0)").text, "5");
}

TEST_P(with_slots, AnAbsentPathIsDescribedByItsFirstMissingStep)
{
    EXPECT_EQ(run("event.xdm.commerce.total > 0").text, "event.xdm is absent");
    EXPECT_EQ(run("event.a.z == 1").text, "event.a.z is absent");
    EXPECT_EQ(run("event.s.z == 1").text, "event.s has no field 'z'");
    EXPECT_TRUE(run("event.a.z == 1").absent);
    EXPECT_EQ(run("!(event.plan == 'free')").text, "event.plan is absent");
}

TEST_P(with_slots, HasTestsOnlyTheLastStep)
{
    EXPECT_EQ(run("has(event.a.b)").text, "true");
    EXPECT_EQ(run("has(event.a.z)").text, "false");
    EXPECT_TRUE(run("has(event.z.z)").absent);
    EXPECT_TRUE(run("has(event.s.z)").absent);
}

TEST_P(with_slots, ErrorsAreAbsorbedOnlyByKleeneLogic)
{
    EXPECT_EQ(run("event.zz == 1 && false").text, "false");
    EXPECT_EQ(run("event.zz == 1 || event.n == 5").text, "true");
    EXPECT_EQ(run("event.n / 0 == 1 || event.zz == 1").text, "division by zero");
    EXPECT_EQ(run("event.zz == 1 || event.n / 0 == 1").text, "event.zz is absent");
}

TEST_P(with_slots, NumbersOfTheEventKeepTheirKind)
{
    EXPECT_EQ(run("event.n / 2").text, "2");
    EXPECT_EQ(run("event.n * 1.5").text, "7.5");
    EXPECT_EQ(run("event.d").text, "1.0");
    EXPECT_EQ(run("event.n + 1u").text, "6");
    EXPECT_EQ(run("type(event.big) == double").text, "true");
    EXPECT_EQ(run("event.x == 1", R"({"x":1e400})").text,
              "the number is out of the range of double");
    EXPECT_EQ(run("event.dup.x").text, "1");
    EXPECT_EQ(run("size(event.dup)").text, "2");
}

TEST_P(with_slots, ConstantListsAndTurnedComparisonsMeanTheSame)
{
    EXPECT_EQ(run("event.n in [1, 5.0, 'x']").text, "true");
    EXPECT_EQ(run("event.s in ['y', 'x']").text, "true");
    EXPECT_EQ(run("event.k in [null]").text, "true");
    EXPECT_EQ(run("event.zz in [1]").text, "event.zz is absent");
    EXPECT_EQ(run("3 < event.n").text, "true");
    EXPECT_EQ(run("5 < event.n").text, "false");
    EXPECT_EQ(run("event.s != 'x'").text, "false");
    EXPECT_EQ(run("event.n != 'x'").text, "true");
    EXPECT_EQ(run("default(event.zz, 'x') == 'x'").text, "true");
    EXPECT_EQ(run("event.s.startsWith('x') && event.s.matches('^x$')").text, "true");
    EXPECT_EQ(run("event.n.startsWith('x')").text, "no matching overload");
}

TEST_P(with_slots, LoopsMeetTheirLimit)
{
    const auto text =
        run("lists.range(200).map(x, lists.range(200).map(y, x * y)).size() > 0").text;
    EXPECT_EQ(text, loop_limit_text);
    EXPECT_EQ(
        run("'x'.padLeft(10000).replace(' ', 'yyyyyyyyyy').replace('y', 'zzzzzzzzzzzz').size()")
            .text,
        text_limit_text);
}

std::vector<problem> problems_of(std::string_view text, bool boolean = false)
{
    compile_environment environment;
    environment.variables = {{"event", value_kind::any, 0}, {"meta.type", value_kind::string, 1}};
    if (boolean) environment.expected = value_kind::boolean;
    std::vector<problem> problems;
    (void)compile(text, environment, problems);
    return problems;
}

TEST(Checker, ReportsEveryProblemWithItsPlaceAndTheNearestName)
{
    const auto found = problems_of("evnt.a == 1 && event.s.startWith('x') && 'a' == 1 && !'x'");
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].message, "unknown variable 'evnt'");
    EXPECT_EQ(found[0].hint, "did you mean 'event'?");
    EXPECT_EQ(found[0].position, 0u);
    EXPECT_EQ(found[1].hint, "did you mean 'startsWith'?");
    EXPECT_EQ(found[2].message, "string and int are never equal");
    EXPECT_EQ(found[3].message, "an operand of '!' must be bool, not string");
}

TEST(Checker, RefusesConstantsThatCanNeverWork)
{
    for (const auto text :
         {"event.s.matches('(')", "time.format(event.t, 'bbb')", "event.t.getHours('Mars/Base')",
          "'%q'.format([1])", "hash.md5(event.s, 'latin')",
          "{'a': 1, 'a': 2}", "number.format(1, 'x')"}) {
        EXPECT_EQ(problems_of(text).size(), 1u) << text;
    }
    EXPECT_EQ(problems_of("meta.type", true).size(), 1u);
    EXPECT_TRUE(problems_of("meta.type == 'x'", true).empty());
}

TEST(Lint, WarnsOfAbsentPathsUnderNegationAndOfGuesses)
{
    event_arena arena;
    document_paths paths(*read_json(sample, arena));
    compile_environment environment;
    environment.variables = {{"event", value_kind::any, 0, true}};
    environment.paths = &paths;
    environment.lint = true;
    environment.use = condition_use::matches;
    const auto warnings = [&](std::string_view text) {
        std::vector<problem> problems;
        EXPECT_TRUE(compile(text, environment, problems)) << text;
        return problems.size();
    };
    EXPECT_EQ(warnings("!(event.a.t == true)"), 1u);
    EXPECT_EQ(warnings("event.plan != 'free'"), 1u);
    EXPECT_EQ(warnings("default(event.plan, '') != 'free'"), 0u);
    EXPECT_EQ(warnings("!has(event.plan)"), 0u);
    EXPECT_EQ(warnings("time.parse(event.day) == time.now()"), 1u);
    EXPECT_EQ(warnings("math.round(event.n) == 1.0"), 1u);
}

TEST(Parser, AnswersAnythingWithATreeOrAProblem)
{
    const std::string deep(300, '('), chain(5'000, '-');
    for (const auto& text :
         {deep + "1" + std::string(300, ')'), chain + "x", std::string("1 +"), std::string("'abc"),
          std::string("M{a: 1}"), std::string("a ? b"), std::string("\xff"),
          std::string(200'000, 'x'), std::string("a = 1")}) {
        EXPECT_EQ(problems_of(text).size(), 1u) << text.substr(0, 20);
    }
}

TEST(Printer, WhatItPrintsParsesToTheSameText)
{
    for (const auto text :
         {"a + b * c", "(a + b) * c", "a && (b || c)", "!(a == b)", "a ? b : c ? d : e",
          "x.map(y, y + 1)", "{'a': [1, 2u, 1.5]}", "has(a.b)", "a.?b[?'c d'].orValue(b'\\x00')",
          "default(a.b, null)", "cel.bind(x, 1, x - (2 - 3))", "-(-1)", "-x", "(-1).abs()",
          "m.transformMap(k, v, k in [1], v)", ".a in b", "- - x", "!(!a)", "!!(-a == b)",
          "-(!a)"}) {
        std::vector<problem> problems;
        const auto first = parse(text, {}, problems);
        ASSERT_TRUE(first) << text;
        const auto printed = to_text(*first->root);
        const auto second = parse(printed, {}, problems);
        ASSERT_TRUE(second) << printed;
        EXPECT_EQ(to_text(*second->root), printed);
    }
}

TEST(Printer, AddsNoParenthesesToChainsOfSigns)
{
    std::vector<problem> problems;
    const auto signs = std::string(700, '-') + "x";
    const auto parsed = parse(signs, {}, problems);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(to_text(*parsed->root), signs);
}

TEST(Conjuncts, SimplePredicatesAreFoundAndDecideLikeTheExpression)
{
    event_arena arena;
    document_paths paths(*read_json(sample, arena));
    compile_environment environment;
    environment.variables = {{"event", value_kind::any, 0, true}};
    environment.paths = &paths;
    std::vector<problem> problems;
    const auto program = compile(
        "event.n == 5 && 3 < event.n && event.s.startsWith('x') && default(event.q, 1) == 1 && "
        "has(event.k)",
        environment, problems);
    ASSERT_TRUE(program);
    const auto parts = conjuncts_of(program->root());
    ASSERT_EQ(parts.size(), 5u);
    for (const auto* part : parts) {
        const auto predicate = as_simple_predicate(*part);
        ASSERT_TRUE(predicate) << to_text(*part);
        EXPECT_TRUE(apply(*predicate, paths.slots[predicate->slot]).is_true()) << to_text(*part);
        evaluation_context context(arena, environment.bounds);
        context.slots = paths.slots;
        EXPECT_TRUE(compile_part(*program, *part, environment).evaluate(context).is_true())
            << to_text(*part);
    }
}

TEST(Compiler, FoldsConstantsAndKeepsFailuresForLater)
{
    compile_environment environment;
    environment.variables = {{"x", value_kind::any, 0}};
    std::vector<problem> problems;
    const auto folded = [&](std::string_view text) {
        return to_text(compile(text, environment, problems)->root());
    };
    EXPECT_EQ(folded("1 + 2 * 3"), "7");
    EXPECT_EQ(folded("x + ('a' + 'b')"), "x + 'ab'");
    EXPECT_EQ(folded("false && x"), "false");
    EXPECT_EQ(folded("[1, 2].map(y, y * 2)"), "[2, 4]");
    EXPECT_EQ(folded("1 / 0 == x"), "1 / 0 == x");
    EXPECT_EQ(folded("time.nowMillis() > 1"), "time.nowMillis() > 1");
}

TEST(Substitute, ExpandsALibraryFunctionInPlace)
{
    std::vector<problem> problems;
    auto body = parse("line.price * default(line.qty, 1) + [1].map(line, line)[0]", {}, problems);
    const auto argument = parse("i.a[0]", {}, problems);
    ASSERT_TRUE(body && argument);
    substitute(*body, "line", *argument);
    EXPECT_EQ(to_text(*body->root),
              "i.a[0].price * default(i.a[0].qty, 1) + [1].map(line, line)[0]");
}

TEST(JsonReader, RefusesWhatIsNoJson)
{
    event_arena arena;
    for (const auto text : {"", "{", "[1,]", "{\"a\":}", "01", "1.", "\"\\ud800\"", "nul",
                            "\"\x01\"", "[1] 2", "{'a':1}"}) {
        EXPECT_FALSE(read_json(text, arena)) << text;
    }
    EXPECT_FALSE(read_json(std::string(600, '[') + std::string(600, ']'), arena));
    EXPECT_TRUE(read_json(" [1, -0, 1e-400, \"\\ud83d\\ude00\"] ", arena));
}

}  // namespace
}  // namespace sluice::rules::expression
