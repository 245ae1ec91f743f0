#pragma once
// UTC times as RFC 3339 text: in the API, in logs, in file names and in what users write. Pure
// functions.

#include <optional>
#include <string>
#include <string_view>

#include "config/clock.hpp"

namespace sluice {

/// `2026-11-22T20:59:49.123456789Z`; the fraction without trailing zeros, none when it is zero.
[[nodiscard]] std::string format_time(wall_time time);

/// RFC 3339 with `Z` or an offset; `t`, `z` and a blank instead of `T` are allowed, digits after
/// the ninth are cut, second 60 is the next minute. Nothing for other text and for years outside
/// 1678 to 2261.
[[nodiscard]] std::optional<wall_time> parse_time(std::string_view text);

}  // namespace sluice
