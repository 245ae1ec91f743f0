#include "rules/expression/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::rules::expression {

namespace {

bool digits(std::string_view text, std::size_t at, std::size_t count, int& number)
{
    if (at + count > text.size()) return false;
    number = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        number = number * 10 + (text[i] - '0');
    }
    return true;
}

void append_fraction(std::uint32_t nanoseconds, std::string& into)
{
    if (nanoseconds == 0) return;
    auto text = fmt::format("{:09}", nanoseconds);
    text.erase(text.find_last_not_of('0') + 1);
    into += '.';
    into += text;
}

// `.123` at `at`; up to nine digits count, more are cut.
bool fraction(std::string_view text, std::size_t& at, std::uint32_t& nanoseconds)
{
    nanoseconds = 0;
    if (at >= text.size() || text[at] != '.') return true;
    const auto start = ++at;
    std::uint32_t unit = 100'000'000;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        nanoseconds += static_cast<std::uint32_t>(text[at++] - '0') * unit;
        unit /= 10;
    }
    return at > start;
}

}  // namespace

std::int64_t days_from_civil(std::int64_t year, int month, int day)
{
    year -= month <= 2;
    const auto era = (year >= 0 ? year : year - 399) / 400;
    const auto year_of_era = year - era * 400;
    const auto day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719'468;
}

int days_in_month(std::int64_t year, int month)
{
    static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

int weekday_of_days(std::int64_t days)
{
    return static_cast<int>(((days + 4) % 7 + 7) % 7);
}

civil_time civil_from_seconds(std::int64_t seconds)
{
    auto days = seconds / 86'400;
    auto rest = seconds % 86'400;
    if (rest < 0) {
        rest += 86'400;
        --days;
    }
    days += 719'468;
    const auto era = (days >= 0 ? days : days - 146'096) / 146'097;
    const auto day_of_era = days - era * 146'097;
    const auto year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const auto shifted_month = (5 * day_of_year + 2) / 153;
    civil_time civil;
    civil.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    civil.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    civil.year = year_of_era + era * 400 + (civil.month <= 2);
    civil.hour = static_cast<int>(rest / 3600);
    civil.minute = static_cast<int>(rest / 60 % 60);
    civil.second = static_cast<int>(rest % 60);
    return civil;
}

std::int64_t seconds_from_civil(const civil_time& civil)
{
    return days_from_civil(civil.year, civil.month, civil.day) * 86'400 + civil.hour * 3600 +
           civil.minute * 60 + civil.second;
}

value checked_timestamp(int128 seconds, std::int64_t nanoseconds)
{
    seconds += nanoseconds / 1'000'000'000;
    nanoseconds %= 1'000'000'000;
    if (nanoseconds < 0) {
        nanoseconds += 1'000'000'000;
        --seconds;
    }
    if (seconds < timestamp_seconds_min || seconds > timestamp_seconds_max) {
        return value::error(error_kind::out_of_range,
                            "the timestamp is outside the years 1 to 9999");
    }
    return value::from_timestamp(static_cast<std::int64_t>(seconds),
                                 static_cast<std::uint32_t>(nanoseconds));
}

std::optional<value> parse_timestamp(std::string_view text)
{
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (!digits(text, 0, 4, year) || !digits(text, 5, 2, month) || !digits(text, 8, 2, day) ||
        !digits(text, 11, 2, hour) || !digits(text, 14, 2, minute) ||
        !digits(text, 17, 2, second) || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
        minute > 59 || second > 59) {
        return std::nullopt;
    }
    std::size_t at = 19;
    std::uint32_t nanoseconds = 0;
    if (!fraction(text, at, nanoseconds) || at >= text.size()) return std::nullopt;
    int offset = 0;
    if (text[at] == 'Z') {
        ++at;
    } else {
        int offset_hour = 0, offset_minute = 0;
        if ((text[at] != '+' && text[at] != '-') || !digits(text, at + 1, 2, offset_hour) ||
            at + 3 >= text.size() || text[at + 3] != ':' ||
            !digits(text, at + 4, 2, offset_minute) || offset_hour > 23 || offset_minute > 59) {
            return std::nullopt;
        }
        offset = (offset_hour * 60 + offset_minute) * (text[at] == '-' ? -60 : 60);
        at += 6;
    }
    if (at != text.size()) return std::nullopt;
    const auto local = seconds_from_civil({year, month, day, hour, minute, second});
    const auto made = checked_timestamp(local - offset, nanoseconds);
    if (made.is_error()) return std::nullopt;
    return made;
}

std::optional<value> parse_duration(std::string_view text)
{
    struct unit {
        std::string_view name;
        std::int64_t nanoseconds;
    };
    static constexpr unit units[] = {{"ns", 1},
                                     {"us", 1'000},
                                     {"\u00b5s", 1'000},
                                     {"ms", 1'000'000},
                                     {"s", 1'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"h", 3'600'000'000'000}};
    bool negative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    if (text == "0") return value::from_duration(0);
    if (text.empty()) return std::nullopt;
    int128 total = 0;
    while (!text.empty()) {
        const auto number =
            text.substr(0, std::min(text.find_first_not_of("0123456789."), text.size()));
        const auto point = number.find('.');
        const auto whole = number.substr(0, point);
        const auto part =
            point == std::string_view::npos ? std::string_view{} : number.substr(point + 1);
        if (whole.size() + part.size() == 0 || part.find('.') != std::string_view::npos ||
            whole.size() > 19) {
            return std::nullopt;
        }
        text.remove_prefix(number.size());
        const auto word = text.substr(0, std::min(text.find_first_of("0123456789."), text.size()));
        const auto* found = std::find_if(std::begin(units), std::end(units),
                                         [&](const unit& u) { return u.name == word; });
        if (found == std::end(units)) return std::nullopt;
        text.remove_prefix(word.size());
        int128 amount = 0;
        for (const char c : whole) amount = amount * 10 + (c - '0');
        amount *= found->nanoseconds;
        int128 scale = found->nanoseconds;
        int128 fraction_sum = 0;
        int128 divisor = 1;
        for (const char c : part.substr(0, 15)) {
            fraction_sum = fraction_sum * 10 + (c - '0');
            divisor *= 10;
        }
        total += amount + fraction_sum * scale / divisor;
        if (total > static_cast<int128>(INT64_MAX) + 1) return std::nullopt;
    }
    if (negative) total = -total;
    if (total > INT64_MAX || total < INT64_MIN) return std::nullopt;
    return value::from_duration(static_cast<std::int64_t>(total));
}

void append_timestamp(const value& timestamp, std::string& into)
{
    const auto civil = civil_from_seconds(timestamp.seconds());
    fmt::format_to(std::back_inserter(into), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", civil.year,
                   civil.month, civil.day, civil.hour, civil.minute, civil.second);
    append_fraction(timestamp.nanoseconds(), into);
    into += 'Z';
}

void append_duration(const value& duration, std::string& into)
{
    const auto total = duration.duration_nanoseconds();
    const auto magnitude =
        total < 0 ? 0 - static_cast<std::uint64_t>(total) : static_cast<std::uint64_t>(total);
    if (total < 0) into += '-';
    fmt::format_to(std::back_inserter(into), "{}", magnitude / 1'000'000'000);
    append_fraction(static_cast<std::uint32_t>(magnitude % 1'000'000'000), into);
    into += 's';
}

}  // namespace sluice::rules::expression
