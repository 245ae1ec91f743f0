#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "gateway/http/policy_content_coding.hpp"

namespace sluice::gateway {
namespace {

std::string deflated(std::string_view text, int window)
{
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstd_compressed(std::string_view text)
{
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

struct outcome {
    int status = 200;
    std::string body;
};

outcome run(std::string_view coding, std::string_view body, std::uint64_t body_bytes_max = 1 << 20)
{
    config::http_limits limits;
    limits.body_bytes_max = body_bytes_max;
    request_id_source ids(1);
    std::string id = "r";
    std::string inflated;
    http_request request;
    const std::vector<http_header> headers{{"Content-Encoding", coding}};
    request.headers = headers;
    request.body = body;
    policy_context context{request, limits, ids, id, inflated};
    http_response instead;
    if (!check_content_coding(context, instead) || !decompress_body(context, instead))
        return {instead.status, {}};
    return {200, std::string(request.body)};
}

const std::string text = [] {
    std::string out;
    for (int i = 0; i < 5000; ++i) out += "{\"n\":" + std::to_string(i * 7919) + "}\n";
    return out;
}();

TEST(ContentCoding, RestoresWhatWasCompressed)
{
    EXPECT_EQ(run("gzip", deflated(text, 31)).body, text);
    EXPECT_EQ(run("GZIP", deflated("x", 31)).body, "x");
    EXPECT_EQ(run("deflate", deflated(text, 15)).body, text);
    EXPECT_EQ(run("deflate", deflated(text, -15)).body, text);
    EXPECT_EQ(run("zstd", zstd_compressed(text)).body, text);
    EXPECT_EQ(run("identity", text).body, text);
}

TEST(ContentCoding, CountsGzipMembersTogether)
{
    const auto half = deflated(text, 31);
    EXPECT_EQ(run("gzip", half + half).body, text + text);
    EXPECT_EQ(run("gzip", half + half, text.size() + 10).status, 413);
}

TEST(ContentCoding, RefusesBrokenStreams)
{
    const auto whole = deflated(text, 31);
    EXPECT_EQ(run("gzip", whole.substr(0, whole.size() - 4)).status, 400);
    EXPECT_EQ(run("gzip", whole + "x").status, 400);
    EXPECT_EQ(run("gzip", "hello").status, 400);
    EXPECT_EQ(run("gzip", "").status, 400);
    const auto frame = zstd_compressed(text);
    EXPECT_EQ(run("zstd", frame.substr(0, frame.size() - 1)).status, 400);
    EXPECT_EQ(run("zstd", frame + "xxxx").status, 400);
    EXPECT_EQ(run("deflate", "h").status, 400);
}

TEST(ContentCoding, RefusesBombsBeforeTheyAreWhole)
{
    const std::string zeros(64 << 20, 'a');
    const auto bomb = deflated(zeros, 31);
    EXPECT_EQ(run("gzip", bomb).status, 413);
    EXPECT_EQ(run("gzip", bomb, 1ull << 30).status, 413);
    EXPECT_EQ(run("zstd", zstd_compressed(zeros), 1ull << 30).status, 413);
}

TEST(ContentCoding, OffersNothingElse)
{
    EXPECT_EQ(run("br", "x").status, 415);
    EXPECT_EQ(run("gzip, gzip", deflated("x", 31)).status, 415);
}

}  // namespace
}  // namespace sluice::gateway
