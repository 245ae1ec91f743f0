#pragma once
// One event a line, byte for byte as it was accepted; plain, gzip or zstd. Gzip goes out in members
// of one megabyte of text, so memory stays small and a reader can start in the middle.

#include <memory>
#include <string>

#include "batch/formats/file_format.hpp"

namespace sluice::batch {

/// Compresses one block of text to one self-contained gzip member or zstd frame.
class block_compressor {
public:
    virtual ~block_compressor() = default;
    /// Valid until the next call.
    virtual result<std::string_view> compress(std::string_view block) = 0;
};

class ndjson_format final : public file_format {
public:
    explicit ndjson_format(config::export_compression compression);
    ~ndjson_format() override;

    result<void> open_file(byte_sink& sink) override;
    result<group_outcome> write_group(const row_group& group, bool is_last_try) override;
    result<void> close_file() override;
    void abandon_file() override;

private:
    result<void> flush();

    std::unique_ptr<block_compressor> compressor_;  ///< null: plain
    byte_sink* sink_ = nullptr;
    std::string block_;
};

}  // namespace sluice::batch
