// Every row of what is refused or warned of when rules are loaded; the table is docs/rules.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string problems_of(const std::string& yaml, const rule_environment& names = test_names())
{
    config::diagnostics problems;
    const auto sources = sources_of(yaml, problems);
    (void)compile_rule_sets(read_rule_sets(sources, problems), names, problems);
    return problems.to_text();
}

/// A set whose `rules` hold one rule with this condition.
std::string set_with(const std::string& head, const std::string& rules)
{
    return "rules:\n  s:\n    source: web_events\n" + head + "    rules:\n" + rules;
}

std::string quoted_when(const std::string& condition)
{
    std::string text = "        when: \"";
    for (const char c : condition) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    return one_rule(text + "\"\n        to: crm\n");
}

struct mistake {
    const char* condition;
    int column;  ///< in the expression, from 1
    const char* message;
    const char* hint;
};

class ExpressionMistake : public ::testing::TestWithParam<mistake> {};

// The expression starts in column 16, behind `        when: "`.
TEST_P(ExpressionMistake, IsToldAtItsPlaceWithAHint)
{
    const auto& m = GetParam();
    const auto text = problems_of(quoted_when(m.condition));
    const auto place = "rules.yaml:6:" + std::to_string(m.column + 15) + ": error: ";
    EXPECT_THAT(text, HasSubstr(place + m.message));
    EXPECT_THAT(text, HasSubstr(m.hint));
}

INSTANTIATE_TEST_SUITE_P(
    Names, ExpressionMistake,
    ::testing::Values(
        mistake{"evnt.a > 1", 1, "unknown variable 'evnt'", "did you mean 'event'?"},
        mistake{"params.min > 1", 1, "unknown variable 'params.min'", "declares no params"},
        mistake{"variables.x == 1", 1, "unknown variable 'variables.x'", "declares no variables"},
        mistake{"steps.find.ok", 1, "unknown variable 'steps.find'", "steps.NAME"},
        mistake{"event.a.startWith('x')", 9, "unknown function 'startWith'",
                "did you mean 'startsWith'?"},
        mistake{"hash.sha25(event.a) == 'x'", 6, "unknown function 'hash.sha25'",
                "did you mean 'hash.sha256'?"},
        mistake{"time.frobnicate(event.a)", 6, "unknown function 'time.frobnicate'",
                "known are time."},
        mistake{"meta.typ == 'x'", 6, "`meta` has no field 'typ'", "did you mean 'type'?"}));

INSTANTIATE_TEST_SUITE_P(
    Types, ExpressionMistake,
    ::testing::Values(
        mistake{"size(event.a)", 1, "the expression gives int, but bool is needed", "compare it"},
        mistake{"event.a == 1 && size(event.b)", 17, "an operand of '&&' must be bool, not int",
                "compare it"},
        mistake{"!size(event.b)", 2, "an operand of '!' must be bool, not int", "compare it"},
        mistake{"size(event.b) ? true : false", 1, "the condition of '?:' must be bool, not int",
                "compare it"},
        mistake{"event.l.filter(x, size(x)) == []", 19, "the condition of 'filter' must be bool",
                "compare it"},
        mistake{"size(1) > 2", 1, "'size' does not work on (int)", "usage: size(x), x.size()"},
        mistake{"event.a.startsWith('a', 'b')", 9, "'startsWith' is not called like this",
                "usage: s.startsWith(t)"},
        mistake{"meta.type == 3", 11, "string and int are never equal", "convert one side"},
        mistake{"meta.type in [1, 2]", 15, "string and int are never equal", "convert one side"},
        mistake{"meta.offset < 'x'", 13, "int and string have no order", "convert one side"},
        mistake{"meta.id.foo == 1", 9, "string has no field 'foo'", ""},
        mistake{"'a' - 'b' == event.c", 5, "'-' does not work on string and string", ""},
        mistake{"{'a': 1, 'b': 2, 'a': 3} == event", 18, "the key 'a' occurs twice in the map",
                "remove one of them"},
        mistake{"{1.5: 1} == event", 2, "a map key must be bool, int, uint or string", ""},
        mistake{"meta.id.all(x, x == 1)", 9, "'all' does not work on string",
                "must be a list or a map"}));

INSTANTIATE_TEST_SUITE_P(
    Constants, ExpressionMistake,
    ::testing::Values(
        mistake{"event.a.matches('ab(x')", 18, "the regular expression is invalid: missing ): ab(x",
                ""},
        mistake{"event.a.matches('ab[x')", 20, "the regular expression is invalid: missing ]: [x",
                ""},
        mistake{"timestamp(event.t).getHours('Europe/Berln') > 3", 30,
                "unknown time zone 'Europe/Berln'", ""},
        mistake{"time.format(timestamp(event.t), 'yyyy', 'Mars/X') == 'x'", 42,
                "unknown time zone 'Mars/X'", ""},
        mistake{"time.parse(event.t, 'yyyy-bb') > time.now()", 27,
                "the date pattern is invalid: 'bb' means nothing", ""},
        mistake{"cidr('10.0.0.0/33').containsIP(event.ip)", 6, "the text is no network such as",
                "'cidr' fails for every event"},
        mistake{"ip('10.0.0') == ip(event.ip)", 4, "the text is no IP address", "fails for every"},
        mistake{"cidr(event.c).containsIP('300.1.1.1')", 27, "'300.1.1.1' is no IP address", ""},
        mistake{"duration('1x') < duration(event.t)", 10, "", "'duration' fails for every event"},
        mistake{"timestamp('2025-13-01T00:00:00Z') < timestamp(event.t)", 11, "",
                "'timestamp' fails for every event"},
        mistake{"'%q'.format([event.a]) == 'x'", 1, "", ""},
        mistake{"'%s'.format([event.a, 'b']) == 'x'", 1, "the format has 1 clauses for 2 values",
                "one value for each clause"},
        mistake{"'%s, %s'.format(['a']) == event.a", 1, "the format has 2 clauses for 1 values",
                "one value for each clause"},
        mistake{"lists.range(200).map(i, lists.range(100).map(j, i * j)).size() > 3", 18,
                "every evaluation takes 20200 loop steps or more", "gateway.rule_limits"}));

TEST(SetMistake, AVariableUsedBeforeItsDeclarationIsToldAsSuch)
{
    const auto text = problems_of(
        set_with("    variables: [{name: a, expression: variables.b + 1}, {name: b, expression: "
                 "event.b}]\n",
                 "      - {name: r, when: variables.a == 1 && variables.b == 1, to: crm}\n"));
    EXPECT_THAT(text,
                HasSubstr("rules.yaml:4:39: error: 'variables.b' is used before it is declared"));
    EXPECT_THAT(text, HasSubstr("move 'variables.b' up"));
}

TEST(SetMistake, UnknownParamsAndVariablesNameTheNearest)
{
    const auto text = problems_of(set_with(
        "    params: {min_value: 1}\n    variables: [{name: items, expression: event.items}]\n",
        "      - {name: r, when: params.min_valu == 1 && variables.item == 2, to: crm}\n"));
    EXPECT_THAT(text, HasSubstr("unknown variable 'params.min_valu'"));
    EXPECT_THAT(text, HasSubstr("did you mean 'params.min_value'?"));
    EXPECT_THAT(text, HasSubstr("did you mean 'variables.items'?"));
}

TEST(SetMistake, TestsThatNameNoRuleOrParamAreErrors)
{
    const auto text =
        problems_of(set_with("    params: {min: 1}\n",
                             "      - {name: large, when: event.a > params.min, to: crm}\n") +
                    "    tests:\n"
                    "      - {name: t, event: {a: 1}, params: {mn: 2}, expect: {matched: [larg], "
                    "requests: {other: {path: /}}}}\n"
                    "      - {name: t, event: {a: 1}, expect: {matched: []}}\n");
    EXPECT_THAT(text, HasSubstr("rule set 's' has no rule 'larg'"));
    EXPECT_THAT(text, HasSubstr("did you mean 'large'?"));
    EXPECT_THAT(text, HasSubstr("rule set 's' has no rule 'other'"));
    EXPECT_THAT(text, HasSubstr("rule set 's' has no param 'mn'"));
    EXPECT_THAT(text, HasSubstr("test 't' stands twice in rule set 's'"));
}

TEST(SetWarning, UnusedParamsAndLibrariesAreTold)
{
    const auto folder = ::testing::TempDir();
    std::ofstream(folder + "sluice_unused_lib.yaml")
        << "library: shop\nparams: {x: 1}\nvariables: [{name: email, expression: event.email}, "
           "{name: both, expression: shop.email + string(shop.x)}]\n";
    const std::string head =
        "    include: [sluice_unused_lib.yaml]\n    params: {min: 1, max: 2}\n";
    engine unused(set_with(head, "      - {name: r, when: event.a > params.min, to: crm}\n"),
                  folder);
    const auto text = unused.problems.to_text();
    EXPECT_THAT(text, HasSubstr("rules.yaml:4:15: warning: library 'shop' is never used"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:5:22: warning: `params.max` is never used"));
    EXPECT_THAT(text, Not(HasSubstr("`params.min`")));
    engine used(
        set_with(
            head,
            "      - {name: r, when: shop.both == string(params.min + params.max), to: crm}\n"),
        folder);
    EXPECT_THAT(used.problems.to_text(), Not(HasSubstr("never used")));
}

TEST(SetWarning, WhatStandsBehindARuleThatTakesEverythingIsNeverReached)
{
    const auto text = problems_of(set_with("    mode: first\n",
                                           "      - {name: a, when: true, to: crm}\n"
                                           "      - {name: b, when: event.a == 1, to: crm}\n") +
                                  "    else: {name: c, to: crm}\n");
    EXPECT_THAT(text, HasSubstr("rules.yaml:7:16: warning: rule 'b' is never reached"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:8:18: warning: `else` is never reached"));
    // A sample lets events pass.
    EXPECT_THAT(problems_of(set_with("    mode: first\n",
                                     "      - {name: a, sample: {rate: 0.5}, to: crm}\n"
                                     "      - {name: b, when: event.a == 1, to: crm}\n")),
                Not(HasSubstr("never reached")));
}

TEST(SetWarning, RulesWithoutATestAndTestsOfNothingAreToldWhenAsked)
{
    const auto yaml = set_with("",
                               "      - {name: a, when: event.a == 1, to: crm}\n"
                               "      - {name: b, when: event.a == 2, to: crm}\n") +
                      "    tests:\n      - {name: t, event: {a: 1}, expect: {matched: [a]}}\n"
                      "      - {name: u, event: {a: 1}, expect: {not_matched: {b: event}}}\n"
                      "      - {name: v, event: {a: 1}, expect: {}}\n";
    EXPECT_THAT(problems_of(yaml), Not(HasSubstr("covers")));
    auto names = test_names();
    names.lint_tests = true;
    const auto text = problems_of(yaml, names);
    EXPECT_THAT(text, HasSubstr("warning: no test of rule set 's' covers rule 'b'"));
    EXPECT_THAT(text, HasSubstr("warning: test 'v' covers no rule"));
    EXPECT_THAT(text, Not(HasSubstr("test 'u' covers")));
}

std::string many_rules(int count, const std::string& last)
{
    std::string rules;
    for (int i = 0; i < count; ++i) {
        const auto n = std::to_string(i);
        rules += "      - {name: r" + n + ", when: event.kind == 'k" + n + "', to: crm}\n";
    }
    return set_with("", rules + "      - {name: last, when: " + last + ", to: crm}\n");
}

TEST(SetWarning, ARuleThatNoIndexFindsIsToldInALargeSet)
{
    const std::string slow = "\"event.name.contains('x')\"";
    const std::string message = "rule 'last' has no part that the index can use";
    EXPECT_THAT(problems_of(many_rules(200, slow)), HasSubstr(message));
    EXPECT_THAT(problems_of(many_rules(199, slow)), Not(HasSubstr(message)));
    EXPECT_THAT(problems_of(many_rules(200, "event.kind == 'other'")), Not(HasSubstr("no part")));
}

}  // namespace
}  // namespace sluice::rules::testing
