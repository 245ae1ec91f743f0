#include "rules/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/expression/json_reader.hpp"
#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* shop = R"(
rules:
  purchases:
    source: web_events
    event_types: [order.completed]
    rules:
      - name: crm
        when: event.order.total > 0
        to: crm
        request: {method: PUT, path: "/v2/orders/{{ event.order.id }}", body: {map: {id: event.order.id, at: event.time}}}
      - name: ads
        when:
          - default(event.consent, false) == true
          - event.order.total >= 10
          - event.order.currency in ['EUR', 'USD']
        to: ads
  other:
    source: web_events
    event_types: [form.submitted]
    rules: [{name: x, to: crm}]
)";

explanation explain(const std::string& yaml, const std::string& json, std::string_view type)
{
    engine e(yaml);
    EXPECT_NE(e.program, nullptr) << e.problems.to_text();
    if (e.program == nullptr) return {};
    const event_input event{.json = json, .id = "ord-1", .type = type, .dataset = "web_events"};
    return explain_event(*e.catalog, event);
}

TEST(Explain, ShowsEveryPredicateWithoutShortCuts)
{
    const auto shown = explain(shop, R"({"order":{"id":"7","total":128.8}})", "order.completed");
    ASSERT_EQ(shown.sets.size(), 2U);
    const auto& other = shown.sets[0].name == "other" ? shown.sets[0] : shown.sets[1];
    const auto& set = shown.sets[0].name == "other" ? shown.sets[1] : shown.sets[0];
    EXPECT_EQ(other.not_considered, "event type order.completed is not form.submitted");
    ASSERT_EQ(set.rules.size(), 2U);
    EXPECT_EQ(set.rules[0].result, explained_rule::verdict::matched);
    ASSERT_TRUE(set.rules[0].request.has_value());
    EXPECT_EQ(set.rules[0].request->path, "/v2/orders/7");
    ASSERT_EQ(set.rules[0].omitted.size(), 1U);
    EXPECT_EQ(set.rules[0].omitted[0].path, "at");
    EXPECT_TRUE(set.rules[0].omitted[0].is_absent);
    const auto& ads = set.rules[1];
    EXPECT_EQ(ads.result, explained_rule::verdict::no_match);
    EXPECT_THAT(ads.reason, HasSubstr("event.consent"));
    ASSERT_EQ(ads.predicates.size(), 3U);
    EXPECT_EQ(ads.predicates[0].result, truth::no);
    EXPECT_EQ(ads.predicates[1].result, truth::yes);
    EXPECT_THAT(ads.predicates[1].seen, HasSubstr("128.8"));
    EXPECT_EQ(ads.predicates[2].result, truth::absent);
    EXPECT_THAT(ads.predicates[2].seen, HasSubstr("currency"));
}

TEST(Explain, PrintsTextAndJson)
{
    const auto shown =
        explain(shop, R"({"order":{"id":"7","total":128.8},"consent":true})", "order.completed");
    const auto text =
        to_text(shown, [](const std::string& target, const rendered_request& request) {
            return request.method + " https://" + target + ".example.com" + request.path;
        });
    EXPECT_THAT(text, HasSubstr("crm   MATCHED"));
    EXPECT_THAT(text, HasSubstr("PUT https://crm.example.com/v2/orders/7"));
    EXPECT_THAT(text, HasSubstr("ads   absent: "));
    EXPECT_THAT(text, HasSubstr("not considered"));
    const auto json = to_json(shown);
    event_arena arena;
    EXPECT_TRUE(expression::read_json(json, arena).has_value()) << json;
    EXPECT_THAT(json, HasSubstr(R"("matched":["purchases/crm"])"));
}

TEST(Explain, NamesTheReasonOfRulesThatWereNotReached)
{
    const auto shown = explain(R"(
rules:
  s:
    source: web_events
    mode: first
    rules:
      - {name: a, when: event.n > 1, drop: small}
      - {name: b, when: event.n > 0, to: crm}
    else: {name: c, to: ads}
)",
                               R"({"n":5})", "t");
    const auto& rules = shown.sets[0].rules;
    ASSERT_EQ(rules.size(), 3U);
    EXPECT_EQ(rules[0].result, explained_rule::verdict::dropped);
    EXPECT_EQ(rules[1].result, explained_rule::verdict::not_reached);
    EXPECT_THAT(rules[1].reason, HasSubstr("earlier rule matched"));
    EXPECT_EQ(rules[2].result, explained_rule::verdict::not_reached);
}

TEST(Explain, SaysWhenThereIsNothingToExplain)
{
    EXPECT_EQ(explain(shop, "{\"a\":", "order.completed").problem, "the event is not valid JSON");
    engine e(shop);
    const event_input event{.json = "{}", .dataset = "nowhere"};
    EXPECT_THAT(explain_event(*e.catalog, event).problem, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace sluice::rules::testing
