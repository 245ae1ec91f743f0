// Warnings about fields that may be absent, with the text that mends the condition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string warnings_of(const std::string& yaml)
{
    engine e(yaml);
    EXPECT_NE(e.program, nullptr) << e.problems.to_text();
    return e.problems.to_text();
}

std::string of_condition(const std::string& condition)
{
    return warnings_of(one_rule("        when: >\n          " + condition + "\n        to: crm\n"));
}

struct advice {
    const char* condition;
    const char* fix;
};

class Advice : public ::testing::TestWithParam<advice> {};

TEST_P(Advice, IsTheExactTextThatMendsIt)
{
    const auto text = of_condition(GetParam().condition);
    EXPECT_THAT(text, HasSubstr("is absent the negated condition is an error, not true"));
    EXPECT_THAT(text, HasSubstr("hint: write " + std::string{GetParam().fix} + " if absence"));
    // The advice itself gives no further warning.
    EXPECT_THAT(of_condition(GetParam().fix), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Fixes, Advice,
    ::testing::Values(advice{"event.a.b != 'x'", "default(event.a.b, '') != 'x'"},
                      advice{"event.n != 5", "default(event.n, null) != 5"},
                      advice{"event.ok != true", "default(event.ok, false) != true"},
                      advice{"!event.ok", "!default(event.ok, false)"},
                      advice{"!(event.plan == 'free')", "!(default(event.plan, '') == 'free')"},
                      advice{"!(event.n > 5)", "!(default(event.n, 0) > 5)"},
                      advice{"!event.a.startsWith('x')", "!default(event.a, '').startsWith('x')"},
                      advice{"!(event.c in ['EUR', 'USD'])",
                             "!(default(event.c, '') in ['EUR', 'USD'])"},
                      advice{"!(size(event.items) > 2)", "!(size(default(event.items, [])) > 2)"},
                      advice{"event.x == 1 && event.y != 'z'", "default(event.y, '') != 'z'"}));

TEST(Lint, IsQuietWhereAbsenceIsTakenCareOf)
{
    for (const auto* condition :
         {"event.a == 'x'", "has(event.a) && event.a != 'x'", "event.?a.orValue('') != 'x'",
          "default(event.a, null) != null && event.a != 'x'", "coalesce(event.a, '') != 'x'",
          "event.n > 1 && event.n != 5", "has(event.a) ? event.a != 1 : false", "meta.type != 'x'",
          "!has(event.a)", "has(event.a.b) && !(event.a.b == 1)"}) {
        EXPECT_THAT(of_condition(condition), IsEmpty()) << condition;
    }
    EXPECT_THAT(of_condition("has(event.a) || event.a != 'x'"), HasSubstr("'event.a' is absent"));
    EXPECT_THAT(of_condition("event.a != 1 && event.a != 2"), HasSubstr("'event.a' is absent"));
    EXPECT_THAT(of_condition("meta.key != 'x'"), HasSubstr("'meta.key' is absent"));
}

TEST(Lint, LooksIntoNoneAndVariablesAndElements)
{
    EXPECT_THAT(warnings_of(one_rule("        when: {none: [event.a == 'x']}\n        to: crm\n")),
                HasSubstr("write default(event.a, '') == 'x' if absence"));
    EXPECT_THAT(of_condition("event.l.exists(i, i.sku != 'x')"),
                HasSubstr("write default(i.sku, '') != 'x'"));
    const std::string head =
        "rules:\n  s:\n    source: web_events\n    variables:\n"
        "      - {name: raw, expression: event.b}\n"
        "      - {name: safe, expression: \"default(event.b, '')\"}\n    rules:\n";
    const auto text = warnings_of(
        head + "      - {name: r, when: variables.raw != 'x' && variables.safe != 'y', to: crm}\n");
    EXPECT_THAT(text, HasSubstr("write default(variables.raw, '') != 'x'"));
    EXPECT_THAT(text, Not(HasSubstr("variables.safe")));
}

TEST(Lint, TellsWhatADropRuleDoesNotDrop)
{
    const auto rule = [](const std::string& more) {
        return one_rule("        when: event.a == 'x'\n        drop: noise\n" + more);
    };
    const auto text = warnings_of(rule(""));
    EXPECT_THAT(text,
                HasSubstr("where 'event.a' is absent this is an error, and nothing is dropped"));
    EXPECT_THAT(text, HasSubstr("write default(event.a, '') == 'x', or on_condition_error: match"));
    EXPECT_THAT(warnings_of(rule("        on_condition_error: match\n")), IsEmpty());
}

TEST(Lint, FunctionsThatRefuseIntsAndGuessesAreTold)
{
    EXPECT_THAT(of_condition("math.round(event.a) > 1.0"),
                HasSubstr("write number.round(event.a)"));
    EXPECT_THAT(warnings_of(rule_body("map: {a: math.ceil(event.a), b: time.parse(event.b)}\n")),
                ::testing::AllOf(HasSubstr("write math.ceil(double(event.a))"),
                                 HasSubstr("time.parse() without a pattern guesses")));
    EXPECT_THAT(of_condition("math.round(double(event.a)) > 1.0"), IsEmpty());
}

}  // namespace
}  // namespace sluice::rules::testing
