// The parts of a rule set that the examples do not show, each as somebody would use it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Runs the tests of a set; the differences, or nothing.
std::string failures_of(const std::string& yaml)
{
    config::diagnostics problems;
    const auto report = run_rule_tests(sources_of(yaml, problems), test_names(), problems);
    if (problems.has_errors()) return problems.to_text();
    return report.failed() == 0 && !report.results.empty() ? "" : report.to_text();
}

TEST(RuleSetFeatures, VariablesHaveDefaultsAndAreCleanedAndLowered)
{
    EXPECT_EQ(failures_of(R"yaml(
rules:
  s:
    source: web_events
    variables:
      - {name: city, expression: event.user.city, default: nowhere, clean_text: true, lower_case: true}
      - {name: greeting, expression: "'to ' + variables.city"}
    rules:
      - {name: a, to: crm, request: {body: {map: {city: variables.city, greeting: variables.greeting}}}}
    tests:
      - {name: cleaned, event: {user: {city: "  New \t  YORK "}}, expect: {requests: {a: {body: {city: new york, greeting: to new york}}}}}
      - {name: default, event: {}, expect: {requests: {a: {body: {city: nowhere, greeting: to nowhere}}}}}
)yaml"),
              "");
}

TEST(RuleSetFeatures, ParamsOfATestOverrideThoseOfTheSet)
{
    EXPECT_EQ(failures_of(R"yaml(
rules:
  s:
    source: web_events
    params: {min_value: 10}
    rules: [{name: a, when: event.total >= params.min_value, to: crm}]
    tests:
      - {name: own, event: {total: 20}, expect: {matched: [a]}}
      - {name: higher, event: {total: 20}, params: {min_value: 500}, expect: {matched: []}}
)yaml"),
              "");
}

TEST(RuleSetFeatures, NestedRulesHaveAModeVariablesAndAnElseOfTheirOwn)
{
    EXPECT_EQ(failures_of(R"yaml(
rules:
  s:
    source: web_events
    mode: first
    rules:
      - name: shop
        when: event.kind == 'shop'
        variables: [{name: n, expression: event.n * 2}]
        mode: first
        rules:
          - {name: large, when: variables.n > 10, to: crm}
          - {name: larger, when: variables.n > 4, to: ads}
        else: {name: small, dataset: archive}
      - {name: strict, when: event.kind == 'strict', rules: [{name: never, when: event.n > 100, to: crm}]}
      - {name: both, when: event.kind == 'both', rules: [{name: one, to: crm}, {name: two, to: crm}, {name: three, to: ads}]}
      - {name: switched_off, enabled: false, to: crm}
    else: {name: rest, to: analytics}
    tests:
      - {name: first inside, event: {kind: shop, n: 6}, expect: {matched: [large]}}
      - {name: second inside, event: {kind: shop, n: 3}, expect: {matched: [larger]}}
      - {name: else inside, event: {kind: shop, n: 1}, expect: {matched: [small]}}
      - {name: no match inside is none outside, event: {kind: strict, n: 1}, expect: {matched: [rest]}}
      - {name: several to one and one to several, event: {kind: both}, expect: {matched: [one, two, three]}}
      - {name: disabled rules do not exist, event: {kind: other}, expect: {matched: [rest]}}
)yaml"),
              "");
}

TEST(RuleSetFeatures, TheNearestErrorPolicyWins)
{
    EXPECT_EQ(failures_of(R"yaml(
rules:
  s:
    source: web_events
    on_error: "null"
    rules:
      - {name: of_set, to: crm, request: {body: {map: {a: event.a, b: {$expr: event.b, $on_error: omit}}}}}
      - {name: of_rule, on_error: fail, to: crm, request: {body: {map: {a: event.a}}}}
      - {name: no_nulls, nulls: omit, to: crm, request: {body: {map: {a: event.n, c: 1}}}}
    tests:
      - {name: t, event: {n: null}, expect: {requests: {of_set: {body: {a: null}}, of_rule: {error: event.a}, no_nulls: {body: {c: 1}}}}}
)yaml"),
              "");
}

TEST(RuleSetFeatures, ASampleKeepsAUserOnTheSideThatTheReferenceNames)
{
    // `purchases/ads` and `u-42` make 0.7454
    const auto taken = [](const char* rate) {
        engine e(std::string{"rules:\n  purchases:\n    source: web_events\n    rules:\n"
                             "      - {name: ads, sample: {rate: "} +
                 rate + ", by: event.user}, to: ads}\n");
        return e.decide(R"({"user":"u-42"})");
    };
    EXPECT_THAT(taken("0.7453"), IsEmpty());
    EXPECT_THAT(taken("0.7455"), ElementsAre("ads"));
}

}  // namespace
}  // namespace sluice::rules::testing
