// What is too large, too deep or too dear meets its limit with an error that names the setting to
// raise, in bounded time and memory; and the setting works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// With the sanitizers on a busy machine; what is tested would otherwise run for hours.
constexpr std::chrono::seconds long_enough{20};

class Limits : public ::testing::Test {
protected:
    void TearDown() override
    {
        EXPECT_LT(std::chrono::steady_clock::now() - started_, long_enough);
    }

    /// Problems of a rule with this condition.
    std::string load(const std::string& condition)
    {
        config::diagnostics problems;
        const auto sources = sources_of(
            one_rule("        when: |\n          " + condition + "\n        to: crm\n"), problems);
        catalog_ = compile_rule_sets(read_rule_sets(sources, problems), names_, problems);
        return problems.to_text();
    }

    /// The cause that explain gives for the rule's first predicate.
    std::string run(const std::string& condition, const std::string& event)
    {
        const auto problems = load(condition);
        if (!catalog_) return problems;
        const event_input input{.json = event, .id = "e-1", .type = "t", .dataset = "web_events"};
        const auto shown = explain_event(*catalog_, input);
        if (shown.sets.empty()) return shown.problem;
        const auto& rule = shown.sets[0].rules[0];
        return rule.predicates[0].cause.empty() ? std::string{verdict_text(rule.result)}
                                                : rule.predicates[0].cause;
    }

    rule_environment names_ = test_names();

private:
    std::shared_ptr<compiled_catalog> catalog_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

std::string repeated(std::string_view text, std::size_t times)
{
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

std::string event_with_items(int count)
{
    std::string json = R"({"items":[)";
    for (int i = 0; i < count; ++i) json += (i == 0 ? "" : ",") + std::to_string(i);
    return json + "]}";
}

TEST_F(Limits, ALongExpressionIsFineAndATooLongOneIsNot)
{
    const auto list = [](int items) {
        std::string text = "event.a in ['x'";
        for (int i = 0; i < items; ++i) text += ", 'item number " + std::to_string(i) + "'";
        return text + "]";
    };
    EXPECT_THAT(load(list(3'000)), IsEmpty());  // 64 KB
    const auto text = load(list(6'000));
    EXPECT_THAT(text, HasSubstr("the expression is too long"));
    EXPECT_THAT(text, HasSubstr("gateway.rule_limits.expression_code_points_max"));
    names_.bounds.text_code_points_max = 1'000'000;
    EXPECT_THAT(load(list(6'000)), IsEmpty());
}

TEST_F(Limits, DeepNestingIsRefusedWhateverItsForm)
{
    const auto in = [](std::string_view open, std::string_view close, std::size_t depth) {
        return repeated(open, depth) + "event.a" + repeated(close, depth) + " == 1";
    };
    EXPECT_THAT(load(in("(", ")", 200)), IsEmpty());
    for (const auto& condition :
         {in("(", ")", 30'000), in("[", "]", 30'000), in("int(", ")", 20'000),
          in("{'a': ", "}", 10'000), in("[0].map(x, ", ")", 7'000),
          "event.a" + repeated("[0]", 30'000) + " == 1",
          "event.a" + repeated(" + 1", 20'000) + " == 1", repeated("!", 90'000) + "event.a"}) {
        EXPECT_THAT(load(condition), HasSubstr("gateway.rule_limits.")) << condition.substr(0, 20);
    }
    names_.bounds.nesting_max = 400;
    EXPECT_THAT(load(in("(", ")", 300)), IsEmpty());
}

TEST_F(Limits, APathologicalRegularExpressionIsRefusedAtLoad)
{
    EXPECT_THAT(load("event.a.matches('" + repeated("a", 1'001) + "')"),
                HasSubstr("gateway.rule_limits.regex_characters_max"));
    const std::string large = R"(event.a.matches('(\\pL{50}){3}'))";
    EXPECT_THAT(load(large), HasSubstr("gateway.rule_limits.regex_instructions_max"));
    names_.bounds.regex_instructions_max = 1'000'000;
    EXPECT_THAT(load(large), IsEmpty());
    // RE2 never backtracks, so what kills others is just slow text to it.
    EXPECT_EQ(run("event.a.matches('^(a+)+$')", R"({"a":")" + repeated("a", 50'000) + R"(b"})"),
              "no match");
}

TEST_F(Limits, ARegularExpressionOfTheEventMeetsThemToo)
{
    const auto event = R"({"a":"x","re":")" + repeated("a", 1'001) + R"("})";
    EXPECT_THAT(run("event.a.matches(event.re)", event), HasSubstr("gateway.rule_limits.regex_"));
}

TEST_F(Limits, ALoopOverTooManyItemsIsAnError)
{
    const auto event = event_with_items(100'000);
    EXPECT_THAT(run("event.items.all(i, i >= 0)", event),
                HasSubstr("gateway.rule_limits.loop_steps_max"));
    EXPECT_THAT(run("event.items.exists(i, event.items.exists(k, k == i + 1000000))", event),
                HasSubstr("gateway.rule_limits.loop_steps_max"));
    names_.bounds.loop_steps_max = 1'000'000;
    names_.bounds.cost_units_max = 100'000'000;
    EXPECT_EQ(run("event.items.all(i, i >= 0)", event), "matched");
}

TEST_F(Limits, WhatGrowsWithEveryStepIsStopped)
{
    EXPECT_THAT(
        run("event.items.map(i, event.items).map(l, l.map(k, event.items)).flatten(2).size() > 0",
            event_with_items(300)),
        HasSubstr("gateway.rule_limits."));
    std::string doubling = "event.a";
    for (int i = 0; i < 40; ++i)
        doubling = "cel.bind(v" + std::to_string(i) + ", " + doubling + ", v" + std::to_string(i) +
                   " + v" + std::to_string(i) + ")";
    EXPECT_THAT(run("size(" + doubling + ") > 0", R"({"a":"0123456789"})"),
                HasSubstr("gateway.rule_limits.value_bytes_max"));
    EXPECT_THAT(
        run("event.a.replace('', event.a).replace('', event.a).replace('', event.a).size() > 0",
            R"({"a":")" + repeated("a", 1'000) + R"("})"),
        HasSubstr("gateway.rule_limits."));
}

TEST_F(Limits, ADearEvaluationIsAnErrorAndOthersGoOn)
{
    names_.bounds.cost_units_max = 200;
    EXPECT_THAT(run("event.items.all(i, i >= 0)", event_with_items(1'000)),
                HasSubstr("gateway.rule_limits.cost_units_max"));
    EXPECT_EQ(run("event.items.all(i, i >= 0)", event_with_items(10)), "matched");
    EXPECT_THAT(load("event.a" + repeated(" + 1", 300) + " == 1"),
                HasSubstr("gateway.rule_limits.cost_units_max"));
}

TEST_F(Limits, ConstantsThatNoEvaluationCouldMakeAreRefusedAtLoad)
{
    EXPECT_THAT(load("size(lists.range(100000)) > event.a"),
                HasSubstr("gateway.rule_limits.loop_steps_max"));
    EXPECT_THAT(
        load("lists.range(200).map(i, lists.range(200).map(k, i * k + event.a)).size() > 0"),
        HasSubstr("gateway.rule_limits.loop_steps_max"));
}

}  // namespace
}  // namespace sluice::rules::testing
