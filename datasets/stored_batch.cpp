#include "datasets/stored_batch.hpp"

#include <zstd.h>

#include "datasets/crc32c.hpp"
#include "datasets/log_error.hpp"
#include "datasets/wire.hpp"

namespace sluice::datasets {

namespace {

constexpr std::uint32_t magic = 0x31424c53;  // "SLB1"
constexpr std::uint8_t version = 1;
constexpr std::size_t header_bytes = 44;
constexpr std::size_t crc_at = 8;
constexpr std::size_t crc_end = 12;
constexpr std::size_t compress_bytes_min = 1024;
constexpr std::uint32_t payload_bytes_limit = 256u << 20;
enum codec : std::uint8_t { stored_as_is, stored_zstd };

struct full_header {
    batch_header batch;
    std::uint8_t codec = 0;
    std::uint32_t payload_bytes = 0;
};

failure damaged(std::string_view what)
{
    return {make_error_code(log_errc::corrupt), fmt::format("damaged stored batch: {}", what)};
}

result<full_header> read_header(std::string_view key, std::string_view value)
{
    if (value.size() < header_bytes) return damaged("it is too short");
    wire::reader in(value);
    if (in.get<std::uint32_t>() != magic) return damaged("its first bytes are wrong");
    auto found_version = in.get<std::uint8_t>();
    full_header header;
    header.codec = in.get<std::uint8_t>();
    auto reserved = in.get<std::uint16_t>();
    auto crc = in.get<std::uint32_t>();
    auto sum = crc32c(crc32c(crc32c(0, key), value.substr(0, crc_at)), value.substr(crc_end));
    if (crc != sum) return damaged("its checksum is wrong");
    if (found_version > version) {
        return failure{make_error_code(log_errc::newer_format),
                       fmt::format("a stored batch has version {}, this program reads up to {}; "
                                   "run the newer version that wrote it",
                                   found_version, version)};
    }
    if (reserved != 0 || header.codec > stored_zstd) return damaged("its codec is unknown");
    header.batch.count = in.get<std::uint32_t>();
    header.batch.base = offset{in.get<std::uint64_t>()};
    header.batch.appended_at = wall_time{std::chrono::nanoseconds{in.get<std::int64_t>()}};
    header.batch.durable_through = offset{in.get<std::uint64_t>()};
    header.payload_bytes = in.get<std::uint32_t>();
    if (header.payload_bytes > payload_bytes_limit) return damaged("its size is impossible");
    return header;
}

struct decompressor_deleter {
    void operator()(ZSTD_DCtx* p) const noexcept { ZSTD_freeDCtx(p); }
};

ZSTD_DCtx* thread_decompressor()
{
    thread_local std::unique_ptr<ZSTD_DCtx, decompressor_deleter> context(ZSTD_createDCtx());
    return context.get();
}

}  // namespace

batch_sealer::batch_sealer(std::uint32_t level) : level_(level)
{
    if (level_ > 0) compressor_ = ZSTD_createCCtx();
}

batch_sealer::~batch_sealer()
{
    ZSTD_freeCCtx(compressor_);
}

batch_sealer::sealed batch_sealer::seal(std::string_view key, const batch_header& header,
                                        std::string_view payload)
{
    sealed out{{}, payload};
    std::uint8_t codec = stored_as_is;
    if (compressor_ && payload.size() >= compress_bytes_min) {
        auto room = ZSTD_compressBound(payload.size());
        if (buffer_.size() < room) buffer_.resize(room);
        auto size = ZSTD_compressCCtx(compressor_, buffer_.data(), room, payload.data(),
                                      payload.size(), static_cast<int>(level_));
        // what hardly shrinks is not worth the reader's time
        if (!ZSTD_isError(size) && size < payload.size() - payload.size() / 16) {
            codec = stored_zstd;
            out.body = std::string_view(buffer_.data(), size);
        }
    }
    char* at = out.header.data();
    auto put = [&at](auto value) {
        std::memcpy(at, &value, sizeof value);
        at += sizeof value;
    };
    put(magic);
    put(version);
    put(codec);
    put(std::uint16_t{0});
    put(std::uint32_t{0});
    put(header.count);
    put(header.base.value());
    put(std::int64_t{header.appended_at.time_since_epoch().count()});
    put(header.durable_through.value());
    put(static_cast<std::uint32_t>(payload.size()));
    std::string_view bytes(out.header.data(), header_bytes);
    auto sum = crc32c(crc32c(0, key), bytes.substr(0, crc_at));
    sum = crc32c(crc32c(sum, bytes.substr(crc_end)), out.body);
    std::memcpy(out.header.data() + crc_at, &sum, sizeof sum);
    return out;
}

result<batch_header> check_batch(std::string_view key, std::string_view value)
{
    auto header = read_header(key, value);
    if (!header) return header.error();
    return header->batch;
}

result<std::shared_ptr<const record_batch>> open_batch(std::string_view key, std::string_view value)
{
    auto header = read_header(key, value);
    if (!header) return header.error();
    auto body = value.substr(header_bytes);
    std::string payload;
    if (header->codec == stored_as_is) {
        if (body.size() != header->payload_bytes) return damaged("its size is wrong");
        payload.assign(body);
    } else {
        payload.resize(header->payload_bytes);
        auto size = ZSTD_decompressDCtx(thread_decompressor(), payload.data(), payload.size(),
                                        body.data(), body.size());
        if (ZSTD_isError(size) || size != payload.size()) return damaged("it does not decompress");
    }
    return record_batch::from_payload(header->batch.base, header->batch.count, std::move(payload));
}

}  // namespace sluice::datasets
