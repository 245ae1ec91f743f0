#include <gtest/gtest.h>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

/// The body of the only rule for an event, or the failure in angle brackets.
std::string body_of(const std::string& map, const std::string& event, const std::string& more = {})
{
    engine e(rule_body(map, more));
    if (e.program == nullptr) return e.problems.to_text();
    e.decide(event);
    std::string failed;
    const auto request = e.render(&failed);
    return failed.empty() ? request.body : "<" + failed + ">";
}

TEST(Mapping, CopiesPathsByteForByte)
{
    EXPECT_EQ(body_of("map: {n: event.n, s: event.s, l: event.l, big: event.big}",
                      R"({"n":1.50,"s":"a\u0062","l":[1.0, 2],"big":1e400})"),
              R"({"n":1.50,"s":"a\u0062","l":[1.0, 2],"big":1e400})");
}

TEST(Mapping, WritesComputedValuesAndConstants)
{
    EXPECT_EQ(
        body_of("const: {channel: web, deep: {a: 1}}\nmap: {id: meta.id, sum: event.a + 1, "
                "deep: {b: event.a, t: true, n: null, x: 7}, list: [event.a, 5]}",
                R"({"a":2})"),
        R"({"channel":"web","deep":{"b":2,"t":true,"n":null,"x":7,"a":1},"id":"e-1","sum":3,"list":[2,5]})");
}

struct policy_case {
    const char* policy;
    const char* expected;
};

class MappingPolicy : public ::testing::TestWithParam<policy_case> {};

TEST_P(MappingPolicy, DecidesWhatBecomesOfMembersInError)
{
    EXPECT_EQ(
        body_of("map: {gone: event.gone, bad: 1 / event.zero, list: [event.gone, event.zero], "
                "o: {x: event.gone}, own: {$expr: event.gone, $on_error: null}, nil: event.nil}",
                R"({"zero":0,"nil":null})", GetParam().policy),
        GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MappingPolicy,
    ::testing::Values(
        policy_case{"", R"({"list":[0],"o":{},"own":null,"nil":null})"},
        policy_case{"        on_error: omit\n", R"({"list":[0],"o":{},"own":null,"nil":null})"},
        policy_case{
            "        on_error: null\n",
            R"({"gone":null,"bad":null,"list":[null,0],"o":{"x":null},"own":null,"nil":null})"},
        policy_case{"        nulls: omit\n", R"({"list":[0],"o":{}})"}));

TEST(Mapping, FailsWithRulePathAndReasonWhenThePolicySaysSo)
{
    const auto failed = body_of("map: {a: {b: event.gone}}", "{}", "        on_error: fail\n");
    EXPECT_TRUE(failed.starts_with("<a.b: ")) << failed;
    EXPECT_NE(failed.find("gone"), std::string::npos) << failed;
}

TEST(Mapping, RequiredMembersMustHaveAValue)
{
    const std::string map = "map: {a: {b: event.b}, c: event.c}\nrequire: [a.b]";
    EXPECT_EQ(body_of(map, R"({"b":1})"), R"({"a":{"b":1}})");
    EXPECT_TRUE(body_of(map, "{}").starts_with("<a.b: "));
    EXPECT_TRUE(body_of(map, R"({"b":null})").starts_with("<a.b: "));
    EXPECT_TRUE(body_of("map: {o: \"event.?o\"}\nrequire: [o]", "{}").starts_with("<o: "));
}

TEST(Mapping, LeavesOutNoneUnderEveryPolicy)
{
    EXPECT_EQ(body_of("map: {a: \"event.?a\", b: \"event.?b\", l: [\"event.?a\"]}", R"({"b":1})",
                      "        on_error: fail\n"),
              R"({"b":1,"l":[]})");
}

TEST(Mapping, CopiesAnObjectReplacesAddsAndRemoves)
{
    EXPECT_EQ(
        body_of(
            "map: {$copy: event, $remove: [secret, user.mail], total: event.total * 2, extra: 1}",
            R"({"id":1.0,"secret":"x","user":{"mail":"a@b","id":7},"total":3})"),
        R"({"id":1.0,"user":{"id":7},"total":6,"extra":1})");
    EXPECT_EQ(body_of("map: {$copy: event.gone, a: 1}", "{}"), R"({"a":1})");
    EXPECT_EQ(body_of("map:\n  $copy: \"{'x': event.n, 'y': 2}\"\n  $remove: [y]", R"({"n":1})"),
              R"({"x":1})");
    EXPECT_TRUE(
        body_of("map: {$copy: event.u}\nrequire: [id]", R"({"u":{}})").starts_with("<id: "));
}

TEST(Mapping, RefusesValuesWithoutAJsonForm)
{
    EXPECT_EQ(body_of("map: {nan: 0.0 / event.z, a: 1}", R"({"z":0.0})"), R"({"a":1})");
    EXPECT_TRUE(
        body_of("map: {inf: 1.0 / event.z}\nrequire: [inf]", R"({"z":0.0})").starts_with("<inf: "));
}

TEST(Mapping, MakesWholeBodiesFormsAndTexts)
{
    EXPECT_EQ(body_of("output: \"[event.a, 2]\"", R"({"a":1})"), "[1,2]");
    EXPECT_EQ(body_of("format: text\noutput: \"'n=' + string(event.a)\"", R"({"a":1})"), "n=1");
    EXPECT_EQ(body_of("format: form\nmap: {a: event.a, l: event.l, n: null, t: \"'ä &'\"}",
                      R"({"a":1.5,"l":["x","y"]})"),
              "a=1.5&l=x&l=y&t=%C3%A4%20%26");
    EXPECT_TRUE(body_of("output: event.gone", "{}").starts_with("<body: "));
}

TEST(Mapping, SendsTheEventAsItIsWithoutABody)
{
    engine e(one_rule("        to: crm\n"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    e.decide(" {\"a\" : 1.0} ");
    const auto request = e.render();
    EXPECT_EQ(request.body, " {\"a\" : 1.0} ");
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.content_type, "application/json");
    EXPECT_EQ(request.path, "");
}

TEST(Mapping, CountsWhatItLeavesOut)
{
    engine e(rule_body("map: {gone: event.gone, bad: 1 / event.zero}"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    e.decide(R"({"zero":0})");
    e.render();
    const auto& own = static_cast<const rule_scratch&>(*e.scratch);
    EXPECT_EQ(own.omissions[0].absent, 1U);
    EXPECT_EQ(own.omissions[1].error, 1U);
}

}  // namespace
}  // namespace sluice::rules::testing
