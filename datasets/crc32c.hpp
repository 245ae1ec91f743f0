#pragma once
// CRC32C (Castagnoli), the checksum of stored batches, cursors and side files. Stateless,
// thread-safe.

#include <cstdint>
#include <string_view>

namespace sluice::datasets {

/// Continues `crc` (0 at the start), so that parts can be summed one after another.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) noexcept;

}  // namespace sluice::datasets
