#include "rules/expression/functions/date_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::rules::expression {

namespace {

constexpr std::array<std::string_view, 12> months = {"January", "February", "March",     "April",   "May",      "June",
                                                     "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> weekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                      "Thursday", "Friday", "Saturday"};

constexpr std::string_view known_letters = "yYMLdDwWFEuQqaHkKhmsSzVXxZOG";

int longest_run(char letter)
{
    switch (letter) {
    case 'y':
    case 'Y':
    case 'Q':
    case 'q':
    case 'E':
    case 'O': return 4;
    case 'M':
    case 'L':
    case 'Z': return 5;
    case 'S': return 9;
    case 'D':
    case 'z':
    case 'X':
    case 'x': return 3;
    case 'W':
    case 'F':
    case 'u':
    case 'a':
    case 'G': return 1;
    default: return 2;
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
    auto text = std::string(seconds < 0 ? "-" : "+") + number(magnitude / 3600, hours_padded ? 2 : 1);
    const auto rest = magnitude / 60 % 60;
    if (minutes || rest != 0) text += (colon ? ":" : "") + number(rest, 2);
    return text;
}

std::string write_offset(const pattern_item& item, const moment& at)
{
    const auto seconds = at.offset.seconds;
    switch (item.letter) {
    case 'X': if (seconds == 0) return "Z"; [[fallthrough]];
    case 'x': return offset_text(seconds, item.count == 3, item.count > 1);
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
    const auto name = months[static_cast<std::size_t>(month - 1)];
    if (count >= 3) return std::string(count == 3 ? name.substr(0, 3) : count == 4 ? name : name.substr(0, 1));
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
    case 'y': return write_year(c.year, item.count);
    case 'Y': return write_year(iso_week_of(at.days).year, item.count);
    case 'M':
    case 'L': return write_month(c.month, item.count);
    case 'd': return number(c.day, item.count);
    case 'D': return number(at.days - days_from_civil(c.year, 1, 1) + 1, item.count);
    case 'w': return number(iso_week_of(at.days).week, item.count);
    case 'W': return number(week_of_month(at), 1);
    case 'F': return number((c.day - 1) / 7 + 1, 1);
    case 'E': {
        const auto name = weekdays[static_cast<std::size_t>(at.weekday)];
        return std::string(item.count == 4 ? name : name.substr(0, 3));
    }
    case 'u': return number((at.weekday + 6) % 7 + 1, 1);
    case 'Q':
    case 'q': return write_quarter((c.month - 1) / 3 + 1, item.count);
    case 'a': return c.hour < 12 ? "AM" : "PM";
    case 'H': return number(c.hour, item.count);
    case 'k': return number(c.hour == 0 ? 24 : c.hour, item.count);
    case 'K': return number(half_day, item.count);
    case 'h': return number(half_day == 0 ? 12 : half_day, item.count);
    case 'm': return number(c.minute, item.count);
    case 's': return number(c.second, item.count);
    case 'S': return number(at.nanoseconds, 9).substr(0, static_cast<std::size_t>(item.count));
    case 'z': return at.offset.abbreviation;
    case 'V': return std::string(zone_name(place));
    case 'G': return "AD";
    default: return write_offset(item, at);
    }
}

// Reads a text by a pattern; what it has found so far is copied and restored around optional parts.
class date_reader {
public:
    date_reader(const date_pattern& pattern, std::string_view text) : pattern_(pattern), rest_(text) {}

    std::optional<value> run(const zone& default_place)
    {
        if (!items(0, pattern_.size()) || !rest_.empty() || !found_.year) return std::nullopt;
        auto& f = found_;
        if (f.half_day_hour) f.hour = *f.half_day_hour % 12 + (f.afternoon ? 12 : 0);
        if (f.month < 1 || f.month > 12 || *f.year < 1 || *f.year > 9999 || f.hour > 23 || f.minute > 59 || f.second > 59) {
            return std::nullopt;
        }
        if (f.day < 1 || f.day > days_in_month(*f.year, f.month)) return std::nullopt;
        auto local = seconds_from_civil({*f.year, f.month, f.day, f.hour, f.minute, f.second});
        if (f.day_of_year) {
            if (*f.day_of_year < 1 || *f.day_of_year > 366) return std::nullopt;
            local = seconds_from_civil({*f.year, 1, 1, f.hour, f.minute, f.second}) + (*f.day_of_year - 1) * 86'400;
        }
        const auto& place = f.place != nullptr ? *f.place : default_place;
        const auto instant = f.offset ? local - *f.offset : instant_of_local(place, local);
        const auto made = checked_timestamp(instant, f.nanoseconds);
        return made.is_error() ? std::nullopt : std::optional(made);
    }

private:
    struct fields {
        std::optional<int> year, day_of_year, half_day_hour;
        int month = 1, day = 1, hour = 0, minute = 0, second = 0;
        std::int64_t nanoseconds = 0;
        bool afternoon = false;
        std::optional<int> offset;
        const zone* place = nullptr;
    };

    bool items(std::size_t first, std::size_t end)
    {
        for (auto i = first; i < end; ++i) {
            if (pattern_[i].letter != '[') {
                if (pattern_[i].letter != ']' && !item(pattern_[i])) return false;
                continue;
            }
            auto close = i + 1;
            for (int depth = 1; close < end; ++close) {
                depth += pattern_[close].letter == '[' ? 1 : pattern_[close].letter == ']' ? -1 : 0;
                if (depth == 0) break;
            }
            const auto before = found_;
            const auto rest = rest_;
            if (!items(i + 1, close)) {
                found_ = before;
                rest_ = rest;
            }
            i = close;
        }
        return true;
    }

    bool take(std::string_view text)
    {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    // One letter takes one or more digits, several exactly that many.
    bool digits(int count, int& made)
    {
        const auto most = count == 1 ? std::size_t{9} : static_cast<std::size_t>(count);
        std::size_t size = 0;
        made = 0;
        while (size < most && size < rest_.size() && rest_[size] >= '0' && rest_[size] <= '9') {
            made = made * 10 + (rest_[size++] - '0');
        }
        if (size == 0 || (count > 1 && size != most)) return false;
        rest_.remove_prefix(size);
        return true;
    }

    template <std::size_t n>
    bool name(const std::array<std::string_view, n>& names, std::size_t length, int& index)
    {
        for (std::size_t i = 0; i < n; ++i) {
            const auto wanted = names[i].substr(0, length);
            const auto got = rest_.substr(0, wanted.size());
            const bool equal = got.size() == wanted.size()
                            && std::equal(got.begin(), got.end(), wanted.begin(), [](char a, char b) { return (a | 0x20) == (b | 0x20); });
            if (!equal) continue;
            rest_.remove_prefix(wanted.size());
            index = static_cast<int>(i);
            return true;
        }
        return false;
    }

    bool item(const pattern_item& wanted)
    {
        int n = 0;
        switch (wanted.letter) {
        case 0: return take(wanted.text);
        case 'y':
            if (!digits(wanted.count, n)) return false;
            found_.year = wanted.count == 2 ? 2000 + n : n;
            return true;
        case 'M':
        case 'L':
            if (wanted.count < 3) return digits(wanted.count, found_.month);
            if (!name(months, wanted.count == 3 ? 3 : 12, n)) return false;
            found_.month = n + 1;
            return true;
        case 'E': return name(weekdays, wanted.count == 4 ? 12 : 3, n);
        case 'd': return digits(wanted.count, found_.day);
        case 'D':
            if (!digits(wanted.count, n)) return false;
            found_.day_of_year = n;
            return true;
        case 'H': return digits(wanted.count, found_.hour);
        case 'k':
            if (!digits(wanted.count, n) || n < 1 || n > 24) return false;
            found_.hour = n % 24;
            return true;
        case 'K':
        case 'h':
            if (!digits(wanted.count, n) || n > 12) return false;
            found_.half_day_hour = n;
            return true;
        case 'm': return digits(wanted.count, found_.minute);
        case 's': return digits(wanted.count, found_.second);
        case 'S': return fraction(wanted.count);
        case 'a': {
            static constexpr std::array<std::string_view, 2> halves = {"AM", "PM"};
            if (!name(halves, 2, n)) return false;
            found_.afternoon = n == 1;
            return true;
        }
        case 'G': return take("AD");
        case 'Y':
        case 'w':
        case 'W':
        case 'F':
        case 'u': return digits(wanted.count, n);
        case 'Q':
        case 'q': return wanted.count < 3 && digits(wanted.count, n);
        default: return zone_or_offset(wanted);
        }
    }

    bool fraction(int count)
    {
        std::int64_t nanoseconds = 0;
        for (int i = 0; i < 9; ++i) {
            nanoseconds *= 10;
            if (i >= count) continue;
            if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return false;
            nanoseconds += rest_[0] - '0';
            rest_.remove_prefix(1);
        }
        found_.nanoseconds = nanoseconds;
        return true;
    }

    bool zone_or_offset(const pattern_item& wanted)
    {
        if (wanted.letter == 'V') {
            const auto size = std::min(rest_.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/+-:0123456789"), rest_.size());
            found_.place = find_zone(rest_.substr(0, size));
            rest_.remove_prefix(size);
            return found_.place != nullptr;
        }
        const bool may_be_z = wanted.letter == 'X' || wanted.letter == 'z' || (wanted.letter == 'Z' && wanted.count == 5);
        if (wanted.letter == 'z' || wanted.letter == 'O') {
            const bool named = take("UTC") || take("GMT");
            if (named) found_.offset = 0;
            if (named && (wanted.letter == 'z' || rest_.empty() || (rest_[0] != '+' && rest_[0] != '-'))) return true;
        }
        if (may_be_z && take("Z")) {
            found_.offset = 0;
            return true;
        }
        if (wanted.letter == 'z' || rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
        const int sign = rest_[0] == '-' ? -1 : 1;
        rest_.remove_prefix(1);
        int hours = 0, minutes = 0;
        if (!digits(wanted.letter == 'O' && wanted.count == 1 ? 1 : 2, hours) || hours > 23) return false;
        const bool colon = wanted.letter == 'O' || wanted.count == 3 || (wanted.letter == 'Z' && wanted.count == 5);
        const bool hours_only = wanted.count == 1 && wanted.letter != 'Z';
        if (hours_only && (rest_.empty() || (rest_[0] != ':' && (rest_[0] < '0' || rest_[0] > '9')))) {
            found_.offset = sign * hours * 3600;
            return true;
        }
        if (colon && !take(":")) return false;
        if (!digits(2, minutes) || minutes > 59) return false;
        found_.offset = sign * (hours * 3600 + minutes * 60);
        return true;
    }

    const date_pattern& pattern_;
    std::string_view rest_;
    fields found_;
};

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
            const bool known = known_letters.find(c) != std::string_view::npos && count <= longest_run(c)
                            && !(c == 'V' && count != 2) && !(c == 'O' && count != 1 && count != 4);
            if (!known) {
                why = "'" + std::string(text.substr(at, end - at)) + "' means nothing in a date pattern";
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

std::optional<value> read_date(const date_pattern& pattern, std::string_view text, const zone& place)
{
    return date_reader(pattern, text).run(place);
}

}  // namespace sluice::rules::expression
