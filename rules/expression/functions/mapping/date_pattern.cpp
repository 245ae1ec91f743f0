#include "rules/expression/functions/mapping/date_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::rules::expression {

namespace {

constexpr std::string_view known_letters = "yYMLdDwWFEuQqaHkKhmsSzVXxZOG";

int longest_run(char letter)
{
    switch (letter) {
        case 'y':
        case 'Y':
        case 'Q':
        case 'q':
        case 'E':
        case 'O':
            return 4;
        case 'M':
        case 'L':
        case 'Z':
            return 5;
        case 'S':
            return 9;
        case 'D':
        case 'z':
        case 'X':
        case 'x':
            return 3;
        case 'W':
        case 'F':
        case 'u':
        case 'a':
        case 'G':
            return 1;
        default:
            return 2;
    }
}

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The instant as the letters see it.
struct moment {
    civil_time civil;
    std::int64_t days = 0;
    int weekday = 0;  // 0 = Sunday
    std::uint32_t nanoseconds = 0;
    zone_offset offset;
};

std::string number(std::int64_t n, int width)
{
    return fmt::format("{:0{}}", n, width);
}

std::string offset_text(std::int64_t seconds, bool colon, bool minutes, bool hours_padded = true)
{
    const auto magnitude = seconds < 0 ? -seconds : seconds;
    auto text =
        std::string(seconds < 0 ? "-" : "+") + number(magnitude / 3600, hours_padded ? 2 : 1);
    const auto rest = magnitude / 60 % 60;
    if (minutes || rest != 0) text += (colon ? ":" : "") + number(rest, 2);
    return text;
}

std::string write_offset(const pattern_item& item, const moment& at)
{
    const auto seconds = at.offset.seconds;
    switch (item.letter) {
        case 'X':
            if (seconds == 0) return "Z";
            [[fallthrough]];
        case 'x':
            return offset_text(seconds, item.count == 3, item.count > 1);
        case 'O':
            if (seconds == 0) return "GMT";
            return "GMT" + offset_text(seconds, true, item.count == 4, item.count == 4);
        default:
            if (item.count == 5) return seconds == 0 ? "Z" : offset_text(seconds, true, true);
            return offset_text(seconds, false, true);
    }
}

std::string write_year(std::int64_t year, int count)
{
    if (count == 2) return number(year % 100, 2);
    return number(year, count == 4 ? 4 : 1);
}

std::string write_month(int month, int count)
{
    const auto name = month_names[static_cast<std::size_t>(month - 1)];
    if (count >= 3)
        return std::string(count == 3 ? name.substr(0, 3) : count == 4 ? name : name.substr(0, 1));
    return number(month, count);
}

std::string write_quarter(int quarter, int count)
{
    static constexpr std::array<std::string_view, 4> names = {"1st", "2nd", "3rd", "4th"};
    if (count == 4) return std::string(names[static_cast<std::size_t>(quarter - 1)]) + " quarter";
    return (count == 3 ? "Q" : "") + number(quarter, count == 2 ? 2 : 1);
}

// Monday first; the first week has at least four days in the month.
int week_of_month(const moment& at)
{
    const auto first_weekday = (weekday_of_days(at.days - at.civil.day + 1) + 6) % 7;  // 0 = Monday
    const auto shifted = at.civil.day + first_weekday - 1;
    return shifted / 7 + (first_weekday <= 3 ? 1 : 0);
}

std::string write_item(const pattern_item& item, const moment& at, const zone& place)
{
    const auto& c = at.civil;
    const auto half_day = c.hour % 12;
    switch (item.letter) {
        case 'y':
            return write_year(c.year, item.count);
        case 'Y':
            return write_year(iso_week_of(at.days).year, item.count);
        case 'M':
        case 'L':
            return write_month(c.month, item.count);
        case 'd':
            return number(c.day, item.count);
        case 'D':
            return number(at.days - days_from_civil(c.year, 1, 1) + 1, item.count);
        case 'w':
            return number(iso_week_of(at.days).week, item.count);
        case 'W':
            return number(week_of_month(at), 1);
        case 'F':
            return number((c.day - 1) / 7 + 1, 1);
        case 'E': {
            const auto name = weekday_names[static_cast<std::size_t>(at.weekday)];
            return std::string(item.count == 4 ? name : name.substr(0, 3));
        }
        case 'u':
            return number((at.weekday + 6) % 7 + 1, 1);
        case 'Q':
        case 'q':
            return write_quarter((c.month - 1) / 3 + 1, item.count);
        case 'a':
            return c.hour < 12 ? "AM" : "PM";
        case 'H':
            return number(c.hour, item.count);
        case 'k':
            return number(c.hour == 0 ? 24 : c.hour, item.count);
        case 'K':
            return number(half_day, item.count);
        case 'h':
            return number(half_day == 0 ? 12 : half_day, item.count);
        case 'm':
            return number(c.minute, item.count);
        case 's':
            return number(c.second, item.count);
        case 'S':
            return number(at.nanoseconds, 9).substr(0, static_cast<std::size_t>(item.count));
        case 'z':
            return at.offset.abbreviation;
        case 'V':
            return std::string(zone_name(place));
        case 'G':
            return "AD";
        default:
            return write_offset(item, at);
    }
}

}  // namespace

iso_week iso_week_of(std::int64_t days)
{
    // The week belongs to the year of its Thursday.
    const auto thursday = days - (weekday_of_days(days) + 6) % 7 + 3;
    const auto year = civil_from_seconds(thursday * 86'400).year;
    return {year, static_cast<int>((thursday - days_from_civil(year, 1, 1)) / 7 + 1)};
}

std::optional<date_pattern> compile_date_pattern(std::string_view text, std::string& why)
{
    date_pattern made;
    int open = 0;
    const auto literal = [&](std::string_view part) {
        if (made.empty() || made.back().letter != 0) made.push_back({});
        made.back().text += part;
    };
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '\'') {
            const auto close = text.find('\'', at + 1);
            if (close == std::string_view::npos) {
                why = "a quote is not closed";
                return std::nullopt;
            }
            literal(close == at + 1 ? "'" : text.substr(at + 1, close - at - 1));
            at = close + 1;
            if (at < text.size() && text[at] == '\'' && close > at) literal("'");
        } else if (c == '[' || c == ']') {
            open += c == '[' ? 1 : -1;
            if (open < 0) break;
            made.push_back({c, 1});
            ++at;
        } else if (!is_letter(c)) {
            literal(text.substr(at++, 1));
        } else {
            const auto end = std::min(text.find_first_not_of(c, at), text.size());
            const auto count = static_cast<int>(end - at);
            const bool known = known_letters.find(c) != std::string_view::npos &&
                               count <= longest_run(c) && !(c == 'V' && count != 2) &&
                               !(c == 'O' && count != 1 && count != 4);
            if (!known) {
                why = "'" + std::string(text.substr(at, end - at)) +
                      "' means nothing in a date pattern";
                return std::nullopt;
            }
            made.push_back({c, count});
            at = end;
        }
    }
    if (open != 0) {
        why = "the brackets do not match";
        return std::nullopt;
    }
    return made;
}

std::string write_date(const date_pattern& pattern, const value& timestamp, const zone& place)
{
    moment at;
    at.offset = offset_at(place, timestamp.seconds());
    at.civil = civil_from_seconds(timestamp.seconds() + at.offset.seconds);
    at.days = days_from_civil(at.civil.year, at.civil.month, at.civil.day);
    at.weekday = weekday_of_days(at.days);
    at.nanoseconds = timestamp.nanoseconds();
    std::string made;
    for (const auto& item : pattern) {
        if (item.letter == '[' || item.letter == ']') continue;
        made += item.letter == 0 ? item.text : write_item(item, at, place);
    }
    return made;
}

}  // namespace sluice::rules::expression
