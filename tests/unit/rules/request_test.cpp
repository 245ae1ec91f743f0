#include <gtest/gtest.h>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

struct made {
    rendered_request request;
    std::string failed;
};

made request_of(const std::string& lines, const std::string& event)
{
    engine e(one_rule("        to: crm\n        request:\n" + lines));
    if (e.program == nullptr) return {{}, e.problems.to_text()};
    e.decide(event);
    made out;
    out.request = e.render(&out.failed);
    return out;
}

TEST(Request, EncodesEachResultOfAPathAsOneSegment)
{
    const auto path = [](const std::string& id) {
        return request_of("          path: /v2/orders/{{ event.id }}/x-{{ event.n }}\n",
                          "{\"id\":\"" + id + "\",\"n\":7}");
    };
    EXPECT_EQ(path("1001").request.path, "/v2/orders/1001/x-7");
    EXPECT_EQ(path("c/9?a=b#c").request.path, "/v2/orders/c%2F9%3Fa%3Db%23c/x-7");
    EXPECT_EQ(path("ä b").request.path, "/v2/orders/%C3%A4%20b/x-7");
    EXPECT_EQ(path("a\\r\\nb").request.path, "/v2/orders/a%0D%0Ab/x-7");
}

TEST(Request, RefusesSegmentsThatWouldChangeTheRoute)
{
    for (const auto* id : {"", ".", ".."}) {
        const auto out = request_of("          path: /v2/{{ event.id }}/x\n",
                                    std::string{"{\"id\":\""} + id + "\"}");
        EXPECT_TRUE(out.failed.starts_with("path: ")) << id;
    }
    EXPECT_TRUE(
        request_of("          path: /v2/{{ event.id }}\n", "{}").failed.starts_with("path: "));
    EXPECT_TRUE(request_of("          path: /v2/{{ event.id }}\n", R"({"id":null})")
                    .failed.starts_with("path: "));
}

TEST(Request, WritesTheQueryWithoutNullsAndRepeatsLists)
{
    EXPECT_EQ(
        request_of(
            "          method: GET\n          path: /c\n"
            "          query: {email: event.mail, n: event.n, no: \"event.?x\", l: event.l}\n",
            R"({"mail":"bo@shop.test","n":null,"l":[1,"b c"]})")
            .request.path,
        "/c?email=bo%40shop.test&l=1&l=b%20c");
}

TEST(Request, SendsNoBodyWithGet)
{
    const auto out = request_of("          method: GET\n", R"({"a":1})");
    EXPECT_EQ(out.request.body, "");
    EXPECT_EQ(out.request.content_type, "");
}

TEST(Request, FillsHeadersAndRefusesLineBreaks)
{
    const auto lines =
        "          headers: {X-Source: \"sluice/{{ meta.dataset }}\", x-id: \"{{ event.id }}\"}\n";
    const auto good = request_of(lines, R"({"id":"7"})");
    ASSERT_EQ(good.request.headers.size(), 2U) << good.failed;
    EXPECT_EQ(good.request.headers[0].first, "x-source");
    EXPECT_EQ(good.request.headers[0].second, "sluice/web_events");
    for (const auto* bad : {"a\\r\\nx: y", "a\\n", "a\\u0000b"}) {
        const auto out = request_of(lines, std::string{"{\"id\":\""} + bad + "\"}");
        EXPECT_TRUE(out.failed.starts_with("headers.x-id: ")) << bad;
    }
    EXPECT_EQ(request_of(lines, "{}").request.headers.size(), 1U);
}

TEST(Request, MakesMethodAndKeyFromExpressions)
{
    const auto lines = "          method: \"{{ event.m }}\"\n          key: event.user.id\n";
    const auto out = request_of(lines, R"({"m":"PATCH","user":{"id":42}})");
    EXPECT_EQ(out.request.method, "PATCH");
    EXPECT_EQ(out.request.key, "42");
    EXPECT_TRUE(
        request_of(lines, R"({"m":"PA TCH","user":{"id":42}})").failed.starts_with("method: "));
    EXPECT_TRUE(request_of(lines, R"({"m":"PUT"})").failed.starts_with("key: "));
}

TEST(Request, TakesBracesAndTextsInsideATemplateExpression)
{
    EXPECT_EQ(
        request_of("          path: \"/x/{{ {'a': {'b': '}}'}}.a.b }}\"\n", "{}").request.path,
        "/x/%7D%7D");
}

TEST(Request, ReusesTheRequestOfTheCaller)
{
    engine e(one_rule(
        "        to: crm\n        explanation: \"'n ' + string(event.n)\"\n        request:\n"
        "          headers: {x-n: \"{{ event.n }}\"}\n"));
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    rendered_request request;
    for (int n = 0; n < 3; ++n) {
        e.decide("{\"n\":" + std::to_string(n) + "}");
        ASSERT_FALSE(e.program->render(0, e.event, e.decided, *e.scratch, request).has_value());
        ASSERT_EQ(request.headers.size(), 1U);
        EXPECT_EQ(request.headers[0].second, std::to_string(n));
        EXPECT_EQ(request.explanation, "n " + std::to_string(n));
    }
}

}  // namespace
}  // namespace sluice::rules::testing
