#pragma once
// Date and time patterns (yyyy-MM-dd'T'HH:mm:ssXXX): compiled once, then written and read. English
// names.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/time_text.hpp"

namespace sluice::rules::expression {

inline constexpr std::array<std::string_view, 12> month_names = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
inline constexpr std::array<std::string_view, 7> weekday_names = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct pattern_item {
    char letter = 0;  ///< 0: literal text; '[' and ']' around optional parts
    int count = 0;
    std::string text = {};
};

using date_pattern = std::vector<pattern_item>;

/// nullopt with `why` set when a letter is unknown or a quote or bracket is not closed.
[[nodiscard]] std::optional<date_pattern> compile_date_pattern(std::string_view text,
                                                               std::string& why);

[[nodiscard]] std::string write_date(const date_pattern& pattern, const value& timestamp,
                                     const zone& place);

/// The whole text must match; `place` counts when the text names no zone. nullopt when it does not
/// match or names no real date.
[[nodiscard]] std::optional<value> read_date(const date_pattern& pattern, std::string_view text,
                                             const zone& place);

/// ISO 8601 week of a day since 1970, and the year the week belongs to.
struct iso_week {
    std::int64_t year = 0;
    int week = 0;
};
[[nodiscard]] iso_week iso_week_of(std::int64_t days);

}  // namespace sluice::rules::expression
