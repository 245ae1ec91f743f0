#pragma once
// Durations and byte sizes as people write them in configuration files. Pure functions.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

/// `500ms`, `10s`, `1.5h`, `1h30m`, `7d`, `0`. A bare number other than 0 has no meaning: nothing.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `4096`, `64KiB`, `1.5 GiB`, `10MB`; KiB is 1024, KB is 1000, case does not matter.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// The shortest exact form with one unit: `90s`, `2m`, `0s`.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

/// The shortest exact form: `64KiB`, `10MB`, `1234`.
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

}  // namespace sluice::config
