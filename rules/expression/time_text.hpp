#pragma once
// Timestamps and durations as text, civil dates, and the bounds of both. Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

/// Wide enough for every sum and product of two 64-bit numbers.
__extension__ typedef __int128 int128;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z in Unix seconds.
inline constexpr std::int64_t timestamp_seconds_min = -62'135'596'800,
                              timestamp_seconds_max = 253'402'300'799;

struct civil_time {
    std::int64_t year = 1970;
    int month = 1, day = 1, hour = 0, minute = 0, second = 0;
};

[[nodiscard]] civil_time civil_from_seconds(std::int64_t seconds);
[[nodiscard]] std::int64_t seconds_from_civil(const civil_time& civil);
/// Days since 1970-01-01.
[[nodiscard]] std::int64_t days_from_civil(std::int64_t year, int month, int day);
[[nodiscard]] int days_in_month(std::int64_t year, int month);
/// 0 = Sunday.
[[nodiscard]] int weekday_of_days(std::int64_t days);

/// RFC 3339 with capital T and Z and an offset; real dates only.
[[nodiscard]] std::optional<value> parse_timestamp(std::string_view text);
/// `1h34.5s`, `-1.5ms`, `0`.
[[nodiscard]] std::optional<value> parse_duration(std::string_view text);
/// In UTC with Z, fraction without trailing zeros.
void append_timestamp(const value& timestamp, std::string& into);
/// Seconds with `s`.
void append_duration(const value& duration, std::string& into);
/// An error value when out of range.
[[nodiscard]] value checked_timestamp(int128 seconds, std::int64_t nanoseconds);

}  // namespace sluice::rules::expression
