#include "actions/http/response_parser.hpp"

#include <gtest/gtest.h>

namespace sluice::actions {
namespace {

using progress = response_parser::progress;

struct reading {
    progress end = progress::more;
    int status = 0;
    bool keep_alive = false;
    std::string body;
    std::size_t used = 0;
};

/// Feeds `text` in pieces of `step` bytes; then the end of the stream when asked.
reading read(std::string_view text, std::size_t step, bool then_close = false,
             bool expects_body = true)
{
    response_parser parser;
    parser.start(expects_body, 100, 1000);
    reading got;
    while (got.used < text.size() && got.end == progress::more) {
        std::size_t used = 0;
        const auto piece = text.substr(got.used, step);
        got.end = parser.feed(piece, used);
        got.used += used;
        if (got.end == progress::more && used != piece.size()) {
            ADD_FAILURE() << "bytes left behind";
            break;
        }
    }
    if (got.end == progress::more && then_close) got.end = parser.end_of_stream();
    got.status = parser.status();
    got.keep_alive = parser.keep_alive();
    got.body = parser.body();
    return got;
}

TEST(ResponseParser, KeepsHeadersOfTheFinalAnswerOnlyWhenTold)
{
    constexpr std::string_view text =
        "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Id:  a b \r\nx-id: c\r\n\r\n";
    for (const bool keeps : {true, false}) {
        response_parser parser;
        std::size_t used = 0;
        parser.start(true, 100, 1000, keeps);
        ASSERT_EQ(parser.feed(text, used), progress::complete);
        const std::vector<std::pair<std::string, std::string>> all{
            {"content-length", "0"}, {"x-id", "a b"}, {"x-id", "c"}};
        EXPECT_EQ(parser.fields(), keeps ? all : decltype(all){});
    }
}

TEST(ResponseParser, ReadsTheSameHoweverTheBytesArrive)
{
    const std::string answers[] = {
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nretry-after: 3\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nt: "
        "1\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\na: b\r\n\r\nHTTP/1.1 200\r\n"
        "content-length: 5\r\n\r\nhello",
    };
    for (const std::string& text : answers) {
        for (std::size_t step = 1; step <= text.size(); ++step) {
            const auto got = read(text, step);
            ASSERT_EQ(got.end, progress::complete) << step << text;
            EXPECT_EQ(got.status, 200);
            EXPECT_EQ(got.body, "hello");
            EXPECT_TRUE(got.keep_alive);
            EXPECT_EQ(got.used, text.size());
        }
    }
}

TEST(ResponseParser, LeavesTheBytesBehindTheAnswer)
{
    EXPECT_EQ(read("HTTP/1.1 204 No\r\n\r\nHTTP/1.1", 1000).used, 19U);
}

TEST(ResponseParser, KnowsAnswersWithoutABody)
{
    EXPECT_EQ(read("HTTP/1.1 204 No\r\n\r\n", 100).end, progress::complete);
    EXPECT_EQ(read("HTTP/1.1 304 No\r\ncontent-length: 9\r\n\r\n", 100).end, progress::complete);
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", 100, false, false).end,
              progress::complete);
    EXPECT_EQ(read("HTTP/1.1 101 Switch\r\nupgrade: x\r\n\r\n", 100).status, 101);
}

TEST(ResponseParser, ReadsUntilTheEndWithoutALength)
{
    const auto got = read("HTTP/1.1 200 OK\r\n\r\nabc", 100, true);
    EXPECT_EQ(got.end, progress::complete);
    EXPECT_EQ(got.body, "abc");
    EXPECT_FALSE(got.keep_alive);
}

TEST(ResponseParser, DoesNotCallACutAnswerComplete)
{
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", 100, true).end,
              progress::more);
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\nretry-", 100, true).end, progress::more);
}

TEST(ResponseParser, StopsAtTheLimitOfTheBody)
{
    const std::string text =
        "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + std::string(5000, 'x');
    const auto got = read(text, 500);
    EXPECT_EQ(got.end, progress::complete);
    EXPECT_EQ(got.body.size(), 100U);
    EXPECT_FALSE(got.keep_alive);
    EXPECT_LT(got.used, 1600U);
}

TEST(ResponseParser, HearsWhenTheConnectionEnds)
{
    EXPECT_FALSE(read("HTTP/1.1 204 N\r\nConnection: Close\r\n\r\n", 100).keep_alive);
    EXPECT_FALSE(read("HTTP/1.1 204 N\r\nconnection: x, close\r\n\r\n", 100).keep_alive);
    EXPECT_FALSE(read("HTTP/1.0 204 N\r\n\r\n", 100).keep_alive);
    EXPECT_TRUE(read("HTTP/1.0 204 N\r\nconnection: keep-alive\r\n\r\n", 100).keep_alive);
    // Both framings: read by the chunks, never again.
    const auto both = read(
        "HTTP/1.1 200 O\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n"
        "0\r\n\r\n",
        200);
    EXPECT_EQ(both.end, progress::complete);
    EXPECT_FALSE(both.keep_alive);
}

TEST(ResponseParser, RefusesWhatIsNotPlainlyHttp)
{
    for (const char* text :
         {"SSH-2.0-OpenSSH_9\r\n",
          "HTTP/2 200 OK\r\n\r\n",
          "HTTP/1.1 20 OK\r\n\r\n",
          "HTTP/1.1 2000 OK\r\n\r\n",
          "HTTP/1.1  200 OK\r\n\r\n",
          "HTTP/1.1 abc\r\n\r\n",
          "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\na b: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
          "HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\na\n"}) {
        EXPECT_EQ(read(text, 1000).end, progress::malformed) << text;
        EXPECT_EQ(read(text, 1).end, progress::malformed) << text;
    }
}

TEST(ResponseParser, BoundsHeadChunkLinesTrailersAndInterimAnswers)
{
    const std::string filler(20'000, 'a');
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\nx: " + filler, 1000).end, progress::malformed);
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\nx: " + filler + "\r\n\r\n", 100'000).end,
              progress::malformed);
    const std::string chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    EXPECT_EQ(read(chunked + "1;" + filler, 1000).end, progress::malformed);
    EXPECT_EQ(read(chunked + "0\r\nx: " + filler, 1000).end, progress::malformed);
    std::string interim;
    for (int i = 0; i < 11; ++i) interim += "HTTP/1.1 102 Wait\r\n\r\n";
    EXPECT_EQ(read(interim, 7).end, progress::interim_flood);
}

}  // namespace
}  // namespace sluice::actions
