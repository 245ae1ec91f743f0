#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::HasSubstr;

std::string problems_of(const std::string& yaml)
{
    return engine(yaml).problems.to_text();
}

TEST(RuleDiagnostics, TenMistakesGiveTenMessages)
{
    engine e(R"(
rules:
  s:
    source: web_event
    modes: first
    rules:
      - name: a
        when: event.total >
        to: crm
      - name: a
        when: evnt.total > 1
        to: crmm
      - name: two
        when: size(event.total)
        to: crm
        drop: twice
      - name: none
        when: size(event.x, 1) > 0
      - name: b
        to: ads
        request:
          headers: {host: x}
)");
    EXPECT_EQ(e.catalog, nullptr);
    const auto text = e.problems.to_text();
    EXPECT_THAT(text, HasSubstr("rules.yaml:4:13: error: unknown dataset 'web_event'"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:5:5: error: unknown key 'modes'"));
    EXPECT_THAT(text, HasSubstr("did you mean 'mode'?"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:8:"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:10:15: error: rule 'a' stands twice"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:11:15: error: "));
    EXPECT_THAT(text, HasSubstr("rules.yaml:12:13: error: unknown destination 'crmm'"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:14:"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:16:9: error: rule 'two' has two outcomes"));
    EXPECT_THAT(text, HasSubstr("rule 'none' has no outcome"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:18:"));
    EXPECT_THAT(text, HasSubstr("header 'host' is made by Sluice itself"));
    EXPECT_GE(e.problems.error_count(), 10U) << text;
}

struct mistake {
    const char* lines;
    const char* message;
};

class RuleMistake : public ::testing::TestWithParam<mistake> {};

TEST_P(RuleMistake, IsNamed)
{
    EXPECT_THAT(problems_of(one_rule(GetParam().lines)), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RuleMistake,
    ::testing::Values(
        mistake{"        steps: []\n", "rule 'r' has no steps"},
        mistake{"        action: x\n", "`action` is not available in this version"},
        mistake{"        drop: x\n        request: {}\n", "`request` belongs to `to`"},
        mistake{"        to: crm\n        sample: {rate: 2}\n",
                "`sample.rate` must be a number from 0 to 1"},
        mistake{"        to: crm\n        on_error: skip\n", "unknown value 'skip' of `on_error`"},
        mistake{
            "        to: crm\n        when: {compare: {left: event.a, op: contain, right: x}}\n",
            "did you mean 'contains'?"},
        mistake{"        to: crm\n        when: {compare: {left: event.a, op: matchesRegex, right: "
                "\"(\"}}\n",
                "bad regular expression"},
        mistake{"        to: crm\n        when: variables.x == 1\n", "variables"},
        mistake{"        to: crm\n        when: meta.typ == 'x'\n", "did you mean 'type'?"},
        mistake{"        to: crm\n        when: event.a == '${env:KEY}'\n", "names a secret"},
        mistake{"        to: crm\n        request: {path: v2/x}\n", "`path` must start with /"},
        mistake{"        to: crm\n        request: {path: \"/x/{{ event.a\"}\n",
                "`{{` without `}}`"},
        mistake{"        to: crm\n        request: {path: \"/x/{{ [1] }}\"}\n",
                "gives a list or map"},
        mistake{"        to: crm\n        request: {body: {const: {a: 1}, map: {a: event.a}}}\n",
                "'a' stands in both `const` and `map`"},
        mistake{"        to: crm\n        request: {body: {map: {a: event.a}, require: [b]}}\n",
                "`require` names 'b', which the map does not make"},
        mistake{"        to: crm\n        request: {body: {map: {a: {$use: shop.x}}}}\n",
                "unknown mapping 'shop.x'"},
        mistake{"        to: crm\n        request: {body: {map: {$copi: event}}}\n",
                "did you mean '$copy'?"},
        mistake{"        to: crm\n        request: {body: {output: event.a, map: {a: event.a}}}\n",
                "`output` makes the whole body"},
        mistake{"        dataset: archiv\n", "did you mean 'archive'?"},
        mistake{"        to: crm\n        request: {headers: {\"a b\": x}}\n",
                "is no name for a header"}));

TEST(RuleDiagnostics, PointsIntoAnExpressionOfSeveralLines)
{
    const auto text =
        problems_of(one_rule("        when: |\n          event.a == 1 &&\n            nowhere.b == "
                             "2\n        to: crm\n"));
    EXPECT_THAT(text, HasSubstr("rules.yaml:8:13: error: "));
}

TEST(RuleDiagnostics, PutACaretUnderTheSpot)
{
    const auto path = ::testing::TempDir() + "sluice_caret.yaml";
    const auto yaml = one_rule("        when: event.a == 1 && evnt.b == 2\n        to: crm\n");
    std::ofstream(path) << yaml;
    config::diagnostics problems;
    const auto sources = sources_of(yaml, problems, path);
    EXPECT_EQ(compile_rules(sources, test_names(), problems), nullptr);
    EXPECT_THAT(problems.to_text(), HasSubstr("    6 |         when: event.a == 1 && evnt.b == 2\n"
                                              "      |                               ^\n"));
}

TEST(RuleDiagnostics, WarnsOfRulesThatAreNeverReached)
{
    engine e(
        "rules:\n  s:\n    source: web_events\n    mode: first\n    rules:\n"
        "      - {name: a, to: crm}\n      - {name: b, to: ads}\n");
    EXPECT_NE(e.program, nullptr);
    EXPECT_THAT(e.problems.to_text(), HasSubstr("rule 'b' is never reached"));
}

TEST(RuleDiagnostics, WarnsOfVariablesThatNobodyUses)
{
    engine e(
        "rules:\n  s:\n    source: web_events\n"
        "    variables: [{name: a, expression: event.a}, {name: b, expression: variables.a}]\n"
        "    rules: [{name: r, to: crm}]\n");
    EXPECT_NE(e.program, nullptr);
    EXPECT_THAT(e.problems.to_text(), HasSubstr("`variables.b` is never used"));
    EXPECT_THAT(e.problems.to_text(), ::testing::Not(HasSubstr("`variables.a` is never used")));
}

TEST(RuleDiagnostics, NamesACycleOfLibraries)
{
    const auto folder = ::testing::TempDir() + "sluice_cycle";
    std::ofstream(folder + "_a.yaml") << "library: a\ninclude: [sluice_cycle_b.yaml]\n";
    std::ofstream(folder + "_b.yaml") << "library: b\ninclude: [sluice_cycle_a.yaml]\n";
    engine e(
        "rules:\n  s:\n    source: web_events\n    include: [sluice_cycle_a.yaml]\n"
        "    rules: [{name: a, to: crm}]\n",
        ::testing::TempDir());
    EXPECT_THAT(e.problems.to_text(), HasSubstr("includes itself"));
}

}  // namespace
}  // namespace sluice::rules::testing
