#include "batch/formats/ndjson.hpp"

#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>

#include "batch/export_error.hpp"

namespace sluice::batch {
namespace {

constexpr std::size_t block_bytes = 1 << 20;
constexpr int gzip_level = 6;
constexpr int zstd_level = 3;

class gzip_compressor final : public block_compressor {
public:
    result<std::string_view> compress(std::string_view block) override
    {
        if (!handle_)
            return export_failure(export_errc::format, "gzip could not be set up: out of memory");
        out_.resize(libdeflate_gzip_compress_bound(handle_.get(), block.size()));
        const auto size = libdeflate_gzip_compress(handle_.get(), block.data(), block.size(),
                                                   out_.data(), out_.size());
        if (size == 0) return export_failure(export_errc::format, "gzip failed on a block");
        return std::string_view(out_.data(), size);
    }

private:
    std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> handle_{
        libdeflate_alloc_compressor(gzip_level), &libdeflate_free_compressor};
    std::string out_;
};

class zstd_compressor final : public block_compressor {
public:
    result<std::string_view> compress(std::string_view block) override
    {
        out_.resize(ZSTD_compressBound(block.size()));
        const auto size = ZSTD_compressCCtx(handle_.get(), out_.data(), out_.size(), block.data(),
                                            block.size(), zstd_level);
        if (ZSTD_isError(size) != 0) {
            return export_failure(export_errc::format,
                                  fmt::format("zstd failed: {}", ZSTD_getErrorName(size)));
        }
        return std::string_view(out_.data(), size);
    }

private:
    std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> handle_{ZSTD_createCCtx(), &ZSTD_freeCCtx};
    std::string out_;
};

}  // namespace

ndjson_format::ndjson_format(config::export_compression compression)
{
    using config::export_compression;
    if (compression == export_compression::none) return;
    if (compression == export_compression::zstd) {
        compressor_ = std::make_unique<zstd_compressor>();
    } else {
        compressor_ = std::make_unique<gzip_compressor>();
    }
}

ndjson_format::~ndjson_format() = default;

result<void> ndjson_format::open_file(byte_sink& sink)
{
    sink_ = &sink;
    block_.clear();
    return {};
}

result<group_outcome> ndjson_format::write_group(const row_group& group, bool)
{
    for (const auto* row : group.rows) {
        const auto begin = static_cast<std::ptrdiff_t>(block_.size());
        block_ += row->content;
        // an event may have come with line ends between its members: within a line they are spaces
        std::replace_if(
            block_.begin() + begin, block_.end(), [](char c) { return c == '\n' || c == '\r'; },
            ' ');
        block_ += '\n';
        if (block_.size() < block_bytes) continue;
        if (auto flushed = flush(); !flushed) return flushed.error();
    }
    // The size of the file is judged after each group, so nothing may wait here.
    if (auto flushed = flush(); !flushed) return flushed.error();
    return group_outcome::written;
}

result<void> ndjson_format::flush()
{
    if (block_.empty()) return {};
    std::string_view bytes = block_;
    if (compressor_) {
        auto compressed = compressor_->compress(block_);
        if (!compressed) return compressed.error();
        bytes = *compressed;
    }
    auto written = sink_->write(bytes);
    block_.clear();
    return written;
}

result<void> ndjson_format::close_file()
{
    auto flushed = flush();
    sink_ = nullptr;
    return flushed;
}

void ndjson_format::abandon_file()
{
    sink_ = nullptr;
    block_.clear();
}

}  // namespace sluice::batch
