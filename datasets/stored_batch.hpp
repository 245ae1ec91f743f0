#pragma once
// The value that one batch becomes in the store (FORMAT.md, section 2): header, checksum,
// compression.

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "datasets/record_batch.hpp"

struct ZSTD_CCtx_s;

namespace sluice::datasets {

struct batch_header {
    std::uint32_t count = 0;
    offset base;
    wall_time appended_at{};
    offset durable_through;
};

/// Makes values; keeps its compressor and buffer from one to the next. One thread at a time.
class batch_sealer {
public:
    /// `level` is zstd's; 0 stores as is.
    explicit batch_sealer(std::uint32_t level);
    ~batch_sealer();
    batch_sealer(const batch_sealer&) = delete;
    batch_sealer& operator=(const batch_sealer&) = delete;

    struct sealed {
        std::array<char, 44> header;
        std::string_view body;  ///< into `payload` or into the sealer: valid until the next seal
    };
    sealed seal(std::string_view key, const batch_header& header, std::string_view payload);

private:
    std::uint32_t level_;
    ZSTD_CCtx_s* compressor_ = nullptr;
    std::string buffer_;
};

/// Checks and decodes a value found under `key`. `log_errc::corrupt` if a single bit is wrong.
[[nodiscard]] result<std::shared_ptr<const record_batch>> open_batch(std::string_view key,
                                                                     std::string_view value);
/// The header alone, after the checksum of the whole value has been verified.
[[nodiscard]] result<batch_header> check_batch(std::string_view key, std::string_view value);

}  // namespace sluice::datasets
