#pragma once
// Counts and digests the bytes of one file on their way to storage. One thread.

#include <cstdint>
#include <memory>
#include <string>

#include "batch/formats/byte_sink.hpp"

namespace sluice::batch {

class digest_sink final : public byte_sink {
public:
    explicit digest_sink(byte_sink& next);
    ~digest_sink() override;

    result<void> write(std::string_view bytes) override;
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// Lower-case hex; call each once, after the last byte.
    [[nodiscard]] std::string sha256();
    [[nodiscard]] std::string md5();

private:
    struct contexts;
    byte_sink& next_;
    std::unique_ptr<contexts> contexts_;
    std::uint64_t bytes_ = 0;
};

/// Lower-case hex SHA-256 of a text.
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace sluice::batch
