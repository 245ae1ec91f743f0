// Every example of the language's reference is a case of tests/conformance/reference_cases.ndjson;
// each must hold in all ways of evaluating: optimised and plain, over a tree and over slots.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "rules/expression/compare.hpp"
#include "rules/expression/json_writer.hpp"
#include "tests/support/slot_evaluation.hpp"

namespace sluice::rules::expression {
namespace {

using testing::all_ways;
using testing::evaluate_event;
using testing::evaluation_way;

constexpr wall_time noon{std::chrono::seconds(1740830402)};  // 2025-03-01T12:00:02Z

struct reference_case {
    std::string from, expr, gives, event = "{}";
    bool is_error = false, is_absent = false, is_refused = false;
};

// An event with spellings that JSON in JSON would lose stands in `event_text`.
reference_case read_case(const std::string& line)
{
    event_arena arena;
    const auto read = read_json(line, arena);
    reference_case made;
    if (!read) return made;
    const auto text = [&](const char* name) {
        const auto* found = find_field(*read, name);
        return found == nullptr ? std::string() : std::string(found->text());
    };
    const auto flag = [&](const char* name) { return find_field(*read, name) != nullptr; };
    made.from = text("from");
    made.expr = text("expr");
    made.gives = text("gives");
    made.is_error = flag("error");
    made.is_absent = flag("absent");
    made.is_refused = flag("refused");
    if (flag("event_text")) made.event = text("event_text");
    if (const auto* event = find_field(*read, "event")) {
        made.event.clear();
        EXPECT_TRUE(write_json(*event, made.event));
    }
    return made;
}

std::string checked_difference(const reference_case& test, evaluation_way way)
{
    const auto answer = evaluate_event(test.expr, test.event, way, {}, noon);
    if (test.is_error) {
        if (!answer.is_error) return "expected an error, got " + answer.text;
        const bool absent = answer.text.ends_with(" absent");
        return absent || !test.is_absent ? "" : "not because of the event: " + answer.text;
    }
    const auto expected = evaluate_event(test.gives, test.event, way, {}, noon);
    if (expected.is_error) return "the expected value is none: " + expected.text;
    return answer == expected ? "" : "got " + answer.text + ", not " + expected.text;
}

TEST(ReferenceCases, EveryExampleHoldsInEveryWayOfEvaluating)
{
    std::ifstream file(std::string(SLUICE_SOURCE_DIR) +
                       "/tests/conformance/reference_cases.ndjson");
    ASSERT_TRUE(file) << "the case file is missing";
    std::size_t cases = 0;
    std::map<std::string, int> sections;
    for (std::string line; std::getline(file, line); ++cases) {
        const auto test = read_case(line);
        ASSERT_FALSE(test.expr.empty()) << line;
        ++sections[test.from];
        if (test.is_refused) {
            const auto answer = evaluate_event(test.expr, test.event, {.check = true}, {}, noon);
            EXPECT_TRUE(answer.is_refused) << test.from << ": " << test.expr << " is accepted";
            continue;
        }
        for (const auto way : all_ways) {
            EXPECT_EQ(checked_difference(test, way), "")
                << test.from << ": " << test.expr << (way.optimize ? " optimised" : " plain")
                << (way.slots ? ", slots" : ", tree");
        }
    }
    EXPECT_GE(cases, 800U);
    EXPECT_GE(sections.size(), 35U);
    std::printf("note: reference cases: %zu of %zu sections\n", cases, sections.size());
}

}  // namespace
}  // namespace sluice::rules::expression
