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
            return printed_request{
                request.method + " https://" + target + ".example.com" + request.path, {}};
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

constexpr const char* reference = R"(rules:
  leads:
    source: web_events
    event_types: [form.submitted]
    rules: [{name: contact, to: crm}]
  purchases:
    source: web_events
    event_types: [order.completed]
    params: {min_value: 10}
    rules:
      - name: crm
        when: event.order.total > 0
        to: crm
        request:
          method: PUT
          path: /v2/orders/{{ event.order.id }}
          body:
            const: {channel: web, schema: 2}
            map: {order_id: event.order.id, placed_at: event.time, total: event.order.total}
      - name: ads
        when:
          - default(event.user.consent.marketing, false) == true
          - event.order.total >= params.min_value
          - event.order.currency in ['EUR', 'USD', 'GBP']
        to: ads
)";

explanation explain_reference()
{
    config::diagnostics problems;
    const auto sources = sources_of(reference, problems, "rules/purchases.yaml");
    const auto catalog =
        compile_rule_sets(read_rule_sets(sources, problems), test_names(), problems);
    EXPECT_NE(catalog, nullptr) << problems.to_text();
    if (!catalog) return {};
    const event_input event{.json = R"({"order":{"id":"1002","total":128.8},"user":{"id":"u-1"}})",
                            .id = "ord-1002",
                            .type = "order.completed",
                            .dataset = "web_events"};
    return explain_event(*catalog, event);
}

// rule-sets.md of the reference prints this very text.
TEST(Explain, PrintsTheExampleOfTheReference)
{
    const auto print = [](const std::string& target, const rendered_request& request) {
        return printed_request{
            request.method + " https://" + target + ".example.com" + request.path,
            {"authorization: ***"}};
    };
    EXPECT_EQ(to_text(explain_reference(), print, false),
              R"(event ord-1002   type order.completed   dataset web_events
purchases   mode all   rules/purchases.yaml:7                                               cost 8
  crm   MATCHED                                                                             cost 2
        true    2   event.order.total > 0                                   128.8
        -> crm      PUT https://crm.example.com/v2/orders/1002              authorization: ***
                    {"channel":"web","schema":2,"order_id":"1002", … }      omitted: placed_at (absent: event.time)
  ads   no match: default(event.user.consent.marketing, false) == true  is false            cost 6
        false   2   default(event.user.consent.marketing, false) == true    event.user.consent absent, default false
        true    2   event.order.total >= params.min_value                   128.8 >= 10
        error   2   event.order.currency in ['EUR', 'USD', 'GBP']           absent: event.order has no key 'currency'
leads       not considered: event type order.completed is not form.submitted
)");
}

TEST(Explain, ListsWhatTheMappingMadeFieldByField)
{
    const auto shown = explain_reference();
    const auto text = to_text(shown);
    EXPECT_THAT(text, HasSubstr("                    channel   \"web\"\n"
                                "                    schema    2\n"
                                "                    order_id  \"1002\"\n"
                                "                    total     128.8\n"));
    const auto json = to_json(shown);
    event_arena arena;
    EXPECT_TRUE(expression::read_json(json, arena).has_value()) << json;
    for (
        const auto* part :
        {R"("fields":[{"path":"channel","value":"web"})", R"({"path":"total","value":128.8}])",
         R"("omitted":[{"path":"placed_at","reason":"event.time is absent","absent":true,"nulled":false}])",
         R"("cause":"event.order.currency is absent")",
         R"("values":[{"name":"event.order.total","value":128.8},{"name":"params.min_value","value":10}])",
         R"("values":[{"name":"event.order.currency","problem":"absent"}])",
         R"("notConsidered":"event type order.completed is not form.submitted")",
         R"("expression":"event.order.total >= params.min_value")", R"("cost":8,"rules":)"}) {
        EXPECT_THAT(json, HasSubstr(part));
    }
}

TEST(Explain, TellsErrorsFromAbsenceAndNamesTheirCause)
{
    const auto shown = explain(R"(
rules:
  s:
    source: web_events
    rules:
      - {name: divides, when: event.a / event.b > 1, to: crm}
      - {name: lacks, when: event.xdm.commerce.order == 'x', to: crm}
      - {name: mixes, when: event.a < 'x', to: crm}
)",
                               R"({"a":5,"b":0,"xdm":{}})", "t");
    const auto& rules = shown.sets[0].rules;
    EXPECT_EQ(rules[0].result, explained_rule::verdict::error);
    EXPECT_EQ(rules[0].predicates[0].cause, "division by zero");
    EXPECT_EQ(rules[0].predicates[0].seen, "division by zero; event.a 5, event.b 0");
    EXPECT_EQ(rules[1].result, explained_rule::verdict::absent);
    EXPECT_EQ(rules[1].predicates[0].cause, "event.xdm.commerce is absent");
    EXPECT_EQ(rules[2].result, explained_rule::verdict::error);
}

TEST(Explain, ShowsTheConditionOfARuleWithRulesInside)
{
    const auto shown = explain(R"(
rules:
  s:
    source: web_events
    rules:
      - name: outer
        when: event.n > 1
        rules: [{name: inner, when: event.n < 9, to: crm}]
      - name: closed
        when: event.n > 100
        rules: [{name: never, to: crm}]
)",
                               R"({"n":5})", "t");
    const auto& rules = shown.sets[0].rules;
    ASSERT_EQ(rules.size(), 4U);
    EXPECT_EQ(rules[0].name, "outer");
    EXPECT_EQ(rules[0].result, explained_rule::verdict::entered);
    EXPECT_EQ(rules[1].result, explained_rule::verdict::matched);
    EXPECT_EQ(rules[2].result, explained_rule::verdict::no_match);
    EXPECT_EQ(rules[3].result, explained_rule::verdict::not_reached);
    EXPECT_EQ(shown.matched, std::vector<std::string>{"s/inner"});
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
