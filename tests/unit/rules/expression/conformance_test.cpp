// Runs the published conformance cases (tests/conformance) through the function behind `eval
// --jsonl --typed`.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "rules/expression/compare.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/typed_json.hpp"
#include "tests/support/slot_evaluation.hpp"

namespace sluice::rules::expression {
namespace {

std::string path_of(const char* name)
{
    return std::string(SLUICE_SOURCE_DIR) + "/tests/conformance/" + name;
}

// As the suite compares: exact kinds, NaN equals NaN, maps without order.
bool same(const value& a, const value& b)
{
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case value_kind::floating:
            return (std::isnan(a.as_double()) && std::isnan(b.as_double())) ||
                   a.as_double() == b.as_double();
        case value_kind::list:
            if (a.items().size() != b.items().size()) return false;
            for (std::size_t i = 0; i < a.items().size(); ++i) {
                if (!same(a.items()[i], b.items()[i])) return false;
            }
            return true;
        case value_kind::map:
            if (a.entries().size() != b.entries().size()) return false;
            for (const auto& entry : a.entries()) {
                const bool found = std::any_of(
                    b.entries().begin(), b.entries().end(), [&](const map_entry& other) {
                        return same(other.key, entry.key) && same(other.item, entry.item);
                    });
                if (!found) return false;
            }
            return true;
        default:
            return equal(a, b);
    }
}

// Empty when the answer is as expected, else what differs.
std::string difference(const value& test, const std::string& answer, event_arena& arena)
{
    const auto answered = read_json(answer, arena);
    if (!answered) return "the answer is no JSON: " + answer;
    const auto* made = find_field(*answered, "value");
    if (find_field(test, "evalError") != nullptr)
        return made == nullptr ? "" : "expected an error, got " + answer;
    if (made == nullptr) return answer;
    const auto* wanted = find_field(test, "value");
    const auto expected = wanted == nullptr ? value::from_bool(true)
                                            : read_typed_json(*wanted, arena).value_or(value{});
    const auto got = read_typed_json(*made, arena).value_or(value{});
    return same(expected, got) && !expected.is(value_kind::any) ? "" : "got " + answer;
}

std::set<std::string> skips()
{
    std::set<std::string> names;
    std::ifstream file(path_of("skips.txt"));
    for (std::string line; std::getline(file, line);) names.insert(line.substr(0, line.find(' ')));
    return names;
}

void run_suite(bool optimize)
{
    const auto skipped = skips();
    std::map<std::string, int> passed;
    std::ifstream file(path_of("cel_cases.ndjson"));
    ASSERT_TRUE(file) << "the case file is missing";
    for (std::string line; std::getline(file, line);) {
        event_arena arena;
        const auto test = read_json(line, arena);
        ASSERT_TRUE(test) << line;
        const auto text = [&](const char* name) {
            return std::string(find_field(*test, name)->text());
        };
        const auto name = text("file") + "/" + text("section") + "/" + text("name") + "#" +
                          std::to_string(find_field(*test, "ordinal")->as_int());
        if (skipped.count(name) != 0) continue;
        eval_line_settings settings;
        settings.typed = true;
        settings.optimize = optimize;
        const auto found = difference(*test, evaluate_line(line, settings), arena);
        EXPECT_EQ(found, "") << name << ": " << text("expr");
        passed[text("group")] += found.empty();
    }
    EXPECT_EQ(passed["core"], 1081);
    EXPECT_EQ(passed["ext"], 519);
    std::printf("note: conformance, %s: %d of 1081 core cases, %d of 519 extension cases\n",
                optimize ? "optimised" : "plain", passed["core"], passed["ext"]);
}

// Whether an event can carry the value: JSON has no bytes, times, uint or keys but strings.
bool is_json_value(const value& shown)
{
    switch (shown.kind()) {
        case value_kind::null:
        case value_kind::boolean:
        case value_kind::integer:
        case value_kind::floating:
        case value_kind::string:
            return true;
        case value_kind::list:
            return std::ranges::all_of(shown.items(), is_json_value);
        case value_kind::map:
            return std::ranges::all_of(shown.entries(), [](const map_entry& entry) {
                return entry.key.is(value_kind::string) && is_json_value(entry.item);
            });
        default:
            return false;
    }
}

// The bindings of a case as one event, its members the variables; empty when JSON cannot say them.
std::string event_of(const value& test, std::vector<std::string>& members, event_arena& arena)
{
    const auto* bindings = find_field(test, "bindings");
    if (bindings == nullptr) return {};
    std::string event = "{";
    for (const auto& entry : bindings->entries()) {
        const auto bound = read_typed_json(entry.item, arena);
        const std::string name(entry.key.text());
        if (!bound || !is_json_value(*bound) || name.find('.') != std::string::npos) return {};
        if (!members.empty()) event += ',';
        members.push_back(name);
        write_json_string(name, event);
        event += ':';
        if (!write_json(*bound, event)) return {};
    }
    return event + "}";
}

TEST(Conformance, EveryCaseHoldsFoldedAndOptimised)
{
    run_suite(true);
}

TEST(Conformance, EveryCaseWithJsonBindingsHoldsOverTheSlotsOfAnEvent)
{
    std::ifstream file(path_of("cel_cases.ndjson"));
    int cases = 0;
    for (std::string line; std::getline(file, line);) {
        event_arena arena;
        const auto test = read_json(line, arena);
        ASSERT_TRUE(test) << line;
        std::vector<std::string> members;
        const auto event = event_of(*test, members, arena);
        if (event.empty()) continue;
        ++cases;
        const auto text = find_field(*test, "expr")->text();
        for (const bool optimize : {true, false}) {
            const auto made = rules::testing::evaluate_event(
                text, event, {.optimize = optimize, .slots = true}, {}, {}, members);
            const auto answer = made.is_error ? "{\"error\":\"" + made.text + "\"}"
                                              : "{\"value\":" + made.text + "}";
            EXPECT_EQ(difference(*test, answer, arena), "") << text << " over " << event;
        }
    }
    EXPECT_GE(cases, 20);
    std::printf("note: conformance over slots: %d cases with JSON bindings\n", cases);
}

TEST(Conformance, EveryCaseHoldsInterpretedPlainly)
{
    run_suite(false);
}

}  // namespace
}  // namespace sluice::rules::expression
