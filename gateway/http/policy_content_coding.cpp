#include "gateway/http/policy_content_coding.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "gateway/http/ascii.hpp"
#include "gateway/http/problem.hpp"

namespace sluice::gateway {
namespace {

constexpr std::size_t step_bytes = 64 * 1024;
constexpr std::uint64_t ratio_max = 100;
constexpr std::string_view offered = "gzip, deflate, zstd";

enum class inflation : std::uint8_t { done, broken, too_large };

/// Makes room for the next step, unless what is already there exceeds the limits.
bool grow(std::string& out, std::size_t used, std::uint64_t bytes_max, std::size_t consumed)
{
    const bool is_bomb = used > step_bytes && used / ratio_max > consumed;
    if (used > bytes_max || is_bomb) return false;
    if (out.size() - used < step_bytes) out.resize(std::max(out.size() * 2, used + step_bytes));
    return true;
}

/// `window` as zlib wants it: gzip header, zlib header, or raw deflate when negative.
inflation inflate_zlib(std::string_view in, std::string& out, std::uint64_t bytes_max, int window)
{
    z_stream stream{};
    if (::inflateInit2(&stream, window) != Z_OK) return inflation::broken;
    const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, ::inflateEnd);
    // zlib does not write through next_in; its type merely predates const
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    std::size_t used = 0;
    for (;;) {
        if (!grow(out, used, bytes_max, in.size() - stream.avail_in)) return inflation::too_large;
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        stream.avail_out = static_cast<uInt>(step_bytes);
        const int status = ::inflate(&stream, Z_NO_FLUSH);
        used += step_bytes - stream.avail_out;
        if (status == Z_STREAM_END) {
            if (stream.avail_in == 0) break;
            // gzip allows several members behind each other; they count together
            if (window < 16 || ::inflateReset(&stream) != Z_OK) return inflation::broken;
            continue;
        }
        if (status != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0))
            return inflation::broken;
    }
    out.resize(used);
    return used > bytes_max ? inflation::too_large : inflation::done;
}

inflation inflate_zstd(std::string_view in, std::string& out, std::uint64_t bytes_max)
{
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(::ZSTD_createDCtx(),
                                                                          ::ZSTD_freeDCtx);
    if (!context) return inflation::broken;
    // a frame may ask for a window of gigabytes; 8 MiB is what the format recommends to support
    ::ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 23);
    ZSTD_inBuffer source{in.data(), in.size(), 0};
    std::size_t used = 0;
    for (;;) {
        if (!grow(out, used, bytes_max, source.pos)) return inflation::too_large;
        ZSTD_outBuffer target{out.data() + used, step_bytes, 0};
        const auto status = ::ZSTD_decompressStream(context.get(), &target, &source);
        if (::ZSTD_isError(status) != 0) return inflation::broken;
        used += target.pos;
        if (status == 0 && source.pos == source.size) break;
        if (source.pos == source.size && target.pos < target.size) return inflation::broken;
    }
    out.resize(used);
    return used > bytes_max ? inflation::too_large : inflation::done;
}

std::string_view content_coding(const http_request& request)
{
    const auto coding = request.header("content-encoding");
    return equals_ignoring_case(coding, "identity") ? std::string_view{} : coding;
}

inflation inflate_body(std::string_view coding, std::string_view body, std::string& out,
                       std::uint64_t bytes_max)
{
    if (equals_ignoring_case(coding, "zstd")) return inflate_zstd(body, out, bytes_max);
    if (!equals_ignoring_case(coding, "deflate"))
        return inflate_zlib(body, out, bytes_max, MAX_WBITS + 16);
    // "deflate" means the zlib format, but some clients send the bare stream
    const bool has_zlib_header =
        (body[0] & 0x0f) == 8 && body.size() > 1 &&
        (static_cast<unsigned char>(body[0]) * 256u + static_cast<unsigned char>(body[1])) % 31 ==
            0;
    return inflate_zlib(body, out, bytes_max, has_zlib_header ? MAX_WBITS : -MAX_WBITS);
}

}  // namespace

bool check_content_coding(policy_context& context, http_response& instead)
{
    const auto coding = content_coding(context.request);
    if (coding.empty() || equals_ignoring_case(coding, "gzip") ||
        equals_ignoring_case(coding, "x-gzip") || equals_ignoring_case(coding, "deflate") ||
        equals_ignoring_case(coding, "zstd")) {
        return true;
    }
    instead = make_problem(415, "Unsupported content coding",
                           "Send the body plain or in one of gzip, deflate, zstd, one layer only.",
                           context.request_id);
    instead.headers.emplace_back("Accept-Encoding", offered);
    return false;
}

bool decompress_body(policy_context& context, http_response& instead)
{
    const auto coding = content_coding(context.request);
    if (coding.empty()) return true;
    auto outcome = inflation::broken;
    context.inflated.clear();
    if (!context.request.body.empty()) {
        outcome = inflate_body(coding, context.request.body, context.inflated,
                               context.limits.body_bytes_max);
    }
    if (outcome == inflation::done) {
        context.request.body = context.inflated;
        return true;
    }
    instead =
        outcome == inflation::broken
            ? make_problem(400, "Broken compression",
                           "The body is not what Content-Encoding announces, or it is cut off.",
                           context.request_id)
            : make_problem(
                  413, "Body too large",
                  "The decompressed body exceeds body_bytes_max: send fewer events per request.",
                  context.request_id);
    return false;
}

}  // namespace sluice::gateway
