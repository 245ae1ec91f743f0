#include <gtest/gtest.h>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using names = std::vector<std::string>;

TEST(Decide, MatchesWhenEveryPartHolds)
{
    engine e(
        one_rule("        when:\n          - event.total > 10\n          - event.currency in "
                 "['EUR', 'USD']\n"
                 "        to: crm\n"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide(R"({"total":12.5,"currency":"EUR"})"), names{"r"});
    EXPECT_EQ(e.decide(R"({"total":12,"currency":"GBP"})"), names{});
    EXPECT_EQ(e.decide(R"({"total":9,"currency":"EUR"})"), names{});
    EXPECT_EQ(e.counts().matched, 1U);
    EXPECT_EQ(e.counts().no_match, 2U);
}

TEST(Decide, CountsAbsentFieldsApartFromErrors)
{
    engine e(rule_when("10 / event.a > 1"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    e.decide(R"({"a":1})");
    e.decide(R"({"b":1})");
    e.decide(R"({"a":null})");
    e.decide(R"({"a":0})");
    e.decide(R"({"a":"x"})");
    e.decide(R"({"a":100})");
    const auto counts = e.counts();
    EXPECT_EQ(counts.matched, 1U);
    EXPECT_EQ(counts.absent, 2U);
    EXPECT_EQ(counts.error, 2U);
    EXPECT_EQ(counts.no_match, 1U);
}

TEST(Decide, DoesNotTurnAbsenceIntoFalseUnderNegation)
{
    engine e(rule_when("\"!(event.plan == 'free')\""));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide("{}"), names{});
    EXPECT_EQ(e.decide(R"({"plan":"free"})"), names{});
    EXPECT_EQ(e.decide(R"({"plan":"pro"})"), names{"r"});
}

TEST(Decide, LetsAFalsePartWinOverAnErrorInAnyOrder)
{
    engine e(rule_when("event.a == 1 && event.b == 2"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    e.decide(R"({"b":3})");
    e.decide(R"({"a":3})");
    EXPECT_EQ(e.counts().no_match, 2U);
    e.decide(R"({"a":1})");
    EXPECT_EQ(e.counts().absent, 1U);
}

TEST(Decide, GroupsOfConditionsFollowKleene)
{
    engine e(one_rule(
        "        when:\n          any:\n            - event.a == 1\n            - none:\n"
        "                - event.b == 1\n                - event.c == 1\n        to: crm\n"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide(R"({"a":1})"), names{"r"});
    EXPECT_EQ(e.decide(R"({"a":2,"b":2,"c":2})"), names{"r"});
    EXPECT_EQ(e.decide(R"({"b":1})"), names{});
    EXPECT_EQ(e.counts().absent, 1U);
    EXPECT_EQ(e.decide(R"({"b":2,"c":3})"), names{"r"});
}

TEST(Decide, FirstModeStopsAtTheFirstMatchAndElseTakesTheRest)
{
    engine e(R"(
rules:
  s:
    source: web_events
    mode: first
    rules:
      - {name: small, when: event.n < 10, to: crm}
      - {name: even, when: event.n % 2 == 0, drop: even}
    else: {name: other, dataset: archive}
)");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide(R"({"n":4})"), names{"small"});
    EXPECT_EQ(e.decide(R"({"n":14})"), names{"even"});
    EXPECT_EQ(e.decide(R"({"n":15})"), names{"other"});
    EXPECT_EQ(e.decide("{}"), names{"other"});
    EXPECT_EQ(e.counts(0).matched, 1U);
    EXPECT_EQ(e.counts(1).dropped, 1U);
    EXPECT_EQ(e.counts(2).matched, 2U);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto c = e.counts(i);
        EXPECT_EQ(c.matched + c.no_match + c.absent + c.error + c.sampled_out + c.dropped, 4U) << i;
    }
}

TEST(Decide, NestedRulesCountAsMatchedOnlyWhenAnInnerOneMatched)
{
    engine e(R"(
rules:
  s:
    source: web_events
    mode: first
    rules:
      - name: shop
        when: event.site == 'shop'
        variables: [{name: n, expression: event.n * 2}]
        rules:
          - {name: big, when: variables.n > 10, to: crm}
          - {name: huge, when: variables.n > 100, to: ads}
      - {name: fallback, to: analytics}
)");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide(R"({"site":"shop","n":60})"), (names{"big", "huge"}));
    EXPECT_EQ(e.decide(R"({"site":"shop","n":1})"), names{"fallback"});
    EXPECT_EQ(e.decide(R"({"site":"blog","n":60})"), names{"fallback"});
}

TEST(Decide, EventTypesSelectTheSet)
{
    engine e(R"(
rules:
  orders:
    source: web_events
    event_types: [order.*, cart.viewed]
    rules: [{name: a, to: crm}]
  all:
    source: web_events
    rules: [{name: b, to: crm}]
)");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide("{}", "order.completed"), (names{"b", "a"}));
    EXPECT_EQ(e.decide("{}", "cart.viewed"), (names{"b", "a"}));
    EXPECT_EQ(e.decide("{}", "cart.other"), names{"b"});
}

TEST(Decide, ConditionErrorsCanMatchOrFail)
{
    engine e(R"(
rules:
  s:
    source: web_events
    rules:
      - {name: drops, when: event.test == true, on_condition_error: match, drop: test}
      - {name: fails, when: event.n > 1, on_condition_error: fail, to: crm}
)");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide("{}"), names{"drops"});
    ASSERT_EQ(e.decided.failed.size(), 1U);
    EXPECT_EQ(e.program->outcomes()[e.decided.failed[0]].rule, "s/fails");
    EXPECT_EQ(e.counts(1).absent, 1U);
}

TEST(Decide, SeesMetaAndRequest)
{
    engine e(
        rule_when("meta.type == 'test' && meta.offset == 0 && meta.key == null && "
                  "request.headers.`user-agent` == 'curl'"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide("{}", "test", R"({"headers":{"user-agent":"curl"}})"), names{"r"});
    EXPECT_EQ(e.decide("{}"), names{});
    EXPECT_EQ(e.counts().absent, 1U);
}

TEST(Decide, ComparesWithTheOperatorsOfAdobe)
{
    engine e(
        one_rule("        when:\n          compare: {left: event.agent, op: contains, right: bot, "
                 "ignore_case: true}\n        to: crm\n"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide(R"({"agent":"GoogleBot"})"), names{"r"});
    EXPECT_EQ(e.decide(R"({"agent":"curl"})"), names{});
    EXPECT_EQ(e.decide("{}"), names{});
    EXPECT_EQ(e.counts().no_match, 2U);
}

TEST(Decide, SamplesByAHashThatAnyoneCanRepeat)
{
    sampler samples;
    EXPECT_NEAR(samples.fraction("purchases/ads", "u-42"), 0.7454, 0.00005);
    engine e(R"(
rules:
  purchases:
    source: web_events
    rules:
      - {name: ads, sample: {rate: 0.745, by: event.user}, to: ads}
      - {name: none, sample: {rate: 0}, to: ads}
)");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide(R"({"user":"u-42"})"), names{});
    EXPECT_EQ(e.counts(0).sampled_out, 1U);
    EXPECT_EQ(e.counts(1).sampled_out, 1U);
    EXPECT_EQ(e.decide("{}"), names{});
    EXPECT_EQ(e.counts(0).absent, 1U);
}

TEST(Decide, SharesEqualPredicatesAmongRulesAndSets)
{
    engine e(R"(
rules:
  a:
    source: web_events
    rules:
      - {name: x, when: event.total > 10 && event.a == 'q', to: crm}
      - {name: y, when: event.a == 'q', to: crm}
  b:
    source: web_events
    rules:
      - {name: z, when: event.total > 10, to: crm}
)");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.program->conditions().predicates().size(), 2U);
    EXPECT_EQ(e.decide(R"({"total":11,"a":"q"})"), (names{"x", "y", "z"}));
}

TEST(Decide, AnIndexedSetDecidesLikeAScannedOne)
{
    std::string yaml = "rules:\n  s:\n    source: web_events\n    rules:\n";
    for (int i = 0; i < 300; ++i) {
        const auto n = std::to_string(i);
        yaml += "      - {name: r" + n + ", when: \"event.kind == 'k" + std::to_string(i % 100) +
                "' && event.n > " + n + "\", to: crm}\n";
    }
    yaml += "      - {name: every, to: crm}\n";
    yaml += "      - {name: some, when: \"default(event.opt, 'none') == 'none'\", to: crm}\n";
    engine e(yaml);
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    ASSERT_EQ(e.program->indexes().size(), 1U);
    EXPECT_EQ(e.decide(R"({"kind":"k7","n":150})"), (names{"r7", "r107", "every", "some"}));
    EXPECT_EQ(e.decide(R"({"n":150,"opt":"x"})"), names{"every"});
    EXPECT_EQ(e.counts(7).matched, 1U);
    EXPECT_EQ(e.counts(7).absent, 1U);
    EXPECT_EQ(e.counts(8).no_match, 1U);
    EXPECT_EQ(e.counts(8).absent, 1U);
}

TEST(Decide, VariablesAreEvaluatedOnceAndKeepTheirErrors)
{
    engine e(R"(
rules:
  s:
    source: web_events
    variables:
      - {name: half, expression: event.n / 2}
      - {name: safe, expression: event.text, default: none, clean_text: true, lower_case: true}
    rules:
      - {name: a, when: variables.half > 2, to: crm}
      - {name: b, when: variables.half > 4, to: crm}
      - {name: c, when: variables.safe == 'none', to: crm}
      - {name: d, when: variables.safe == 'a b', to: crm}
)");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide(R"({"n":8,"text":"  A \n B "})"), (names{"a", "d"}));
    EXPECT_EQ(e.decide("{}"), names{"c"});
    EXPECT_EQ(e.counts(0).absent, 1U);
}

TEST(Decide, TwoThreadsShareOneDecidedEvent)
{
    engine e(rule_when("event.a == 'x\\ty'"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_EQ(e.decide(R"({"a":"x\ty"})"), names{"r"});
    const auto other = e.program->make_scratch();
    // The first scratch moves on to other events; the decided one must not care.
    event_arena arena;
    const event_input next{.json = R"({"a":"other"})", .id = "e-2", .dataset = "web_events"};
    static_cast<void>(e.program->decide(next, arena, *e.scratch));
    rendered_request request;
    EXPECT_FALSE(
        e.program->render(e.decided.matched[0], e.event, e.decided, *other, request).has_value());
    EXPECT_EQ(request.body, R"({"a":"x\ty"})");
}

}  // namespace
}  // namespace sluice::rules::testing
