#include "gateway/commands/sink_request.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

struct parsed {
    sink_parse state = sink_parse::need_more;
    sink_request request;
    std::size_t used = 0;
};

parsed parse(std::string_view text)
{
    parsed p;
    p.state = parse_sink_request(text, p.request, p.used);
    return p;
}

TEST(SinkRequest, ReadsARequestWithALength)
{
    const std::string_view text =
        "POST /a?b=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET";
    const auto p = parse(text);
    ASSERT_EQ(p.state, sink_parse::complete);
    EXPECT_EQ(p.request.method, "POST");
    EXPECT_EQ(p.request.target, "/a?b=1");
    EXPECT_EQ(p.request.body, "body");
    EXPECT_EQ(p.request.header("HOST"), "x");
    EXPECT_TRUE(p.request.keep_alive);
    EXPECT_EQ(p.used, text.size() - 3) << "what follows belongs to the next request";
}

TEST(SinkRequest, AsksForMoreAtEveryPointBeforeTheEnd)
{
    const std::string_view text = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    for (std::size_t n = 0; n < text.size(); ++n) {
        EXPECT_EQ(parse(text.substr(0, n)).state, sink_parse::need_more) << n;
    }
    EXPECT_EQ(parse(text).state, sink_parse::complete);
}

TEST(SinkRequest, JoinsChunksAndSkipsTrailers)
{
    const std::string_view text =
        "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: u\r\n\r\n";
    for (std::size_t n = 0; n < text.size(); ++n) {
        EXPECT_EQ(parse(text.substr(0, n)).state, sink_parse::need_more) << n;
    }
    const auto p = parse(text);
    ASSERT_EQ(p.state, sink_parse::complete);
    EXPECT_EQ(p.request.body, "abcde");
    EXPECT_EQ(p.used, text.size());
}

TEST(SinkRequest, ClosesWhenThePeerSaysSo)
{
    EXPECT_FALSE(parse("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").request.keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").request.keep_alive);
    EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").request.keep_alive);
}

TEST(SinkRequest, NoticesAnExpectedContinue)
{
    const auto p = parse("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(p.state, sink_parse::need_more);
    EXPECT_TRUE(p.request.expects_continue);
}

TEST(SinkRequest, RefusesWhatIsNotHttp)
{
    for (const auto* text :
         {"hello\r\n\r\n", "GET /\r\n\r\n", "GET / SPDY/3\r\n\r\n", "GET / HTTP/1.1\r\n:x\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        EXPECT_EQ(parse(text).state, sink_parse::bad) << text;
    }
}

}  // namespace
}  // namespace sluice::gateway
