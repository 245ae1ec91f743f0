// read_date() of date_pattern.hpp.
#include <algorithm>
#include <array>

#include "rules/expression/functions/mapping/date_pattern.hpp"

namespace sluice::rules::expression {

namespace {

// Reads a text by a pattern; what it has found so far is copied and restored around optional parts.
class date_reader {
public:
    date_reader(const date_pattern& pattern, std::string_view text) : pattern_(pattern), rest_(text)
    {
    }

    std::optional<value> run(const zone& default_place)
    {
        if (!items(0, pattern_.size()) || !rest_.empty() || !found_.year) return std::nullopt;
        auto& f = found_;
        if (f.half_day_hour) f.hour = *f.half_day_hour % 12 + (f.afternoon ? 12 : 0);
        if (f.month < 1 || f.month > 12 || *f.year < 1 || *f.year > 9999 || f.hour > 23 ||
            f.minute > 59 || f.second > 59) {
            return std::nullopt;
        }
        if (f.day < 1 || f.day > days_in_month(*f.year, f.month)) return std::nullopt;
        auto local = seconds_from_civil({*f.year, f.month, f.day, f.hour, f.minute, f.second});
        if (f.day_of_year) {
            if (*f.day_of_year < 1 || *f.day_of_year > 366) return std::nullopt;
            local = seconds_from_civil({*f.year, 1, 1, f.hour, f.minute, f.second}) +
                    (*f.day_of_year - 1) * 86'400;
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
            const bool equal = got.size() == wanted.size() &&
                               std::equal(got.begin(), got.end(), wanted.begin(),
                                          [](char a, char b) { return (a | 0x20) == (b | 0x20); });
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
            case 0:
                return take(wanted.text);
            case 'y':
                if (!digits(wanted.count, n)) return false;
                found_.year = wanted.count == 2 ? 2000 + n : n;
                return true;
            case 'M':
            case 'L':
                if (wanted.count < 3) return digits(wanted.count, found_.month);
                if (!name(month_names, wanted.count == 3 ? 3 : 12, n)) return false;
                found_.month = n + 1;
                return true;
            case 'E':
                return name(weekday_names, wanted.count == 4 ? 12 : 3, n);
            case 'd':
                return digits(wanted.count, found_.day);
            case 'D':
                if (!digits(wanted.count, n)) return false;
                found_.day_of_year = n;
                return true;
            case 'H':
                return digits(wanted.count, found_.hour);
            case 'k':
                if (!digits(wanted.count, n) || n < 1 || n > 24) return false;
                found_.hour = n % 24;
                return true;
            case 'K':
            case 'h':
                if (!digits(wanted.count, n) || n > 12) return false;
                found_.half_day_hour = n;
                return true;
            case 'm':
                return digits(wanted.count, found_.minute);
            case 's':
                return digits(wanted.count, found_.second);
            case 'S':
                return fraction(wanted.count);
            case 'a': {
                static constexpr std::array<std::string_view, 2> halves = {"AM", "PM"};
                if (!name(halves, 2, n)) return false;
                found_.afternoon = n == 1;
                return true;
            }
            case 'G':
                return take("AD");
            case 'Y':
            case 'w':
            case 'W':
            case 'F':
            case 'u':
                return digits(wanted.count, n);
            case 'Q':
            case 'q':
                return wanted.count < 3 && digits(wanted.count, n);
            default:
                return zone_or_offset(wanted);
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
            const auto size =
                std::min(rest_.find_first_not_of(
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/+-:0123456789"),
                         rest_.size());
            found_.place = find_zone(rest_.substr(0, size));
            rest_.remove_prefix(size);
            return found_.place != nullptr;
        }
        const bool may_be_z = wanted.letter == 'X' || wanted.letter == 'z' ||
                              (wanted.letter == 'Z' && wanted.count == 5);
        if (wanted.letter == 'z' || wanted.letter == 'O') {
            const bool named = take("UTC") || take("GMT");
            if (named) found_.offset = 0;
            if (named &&
                (wanted.letter == 'z' || rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')))
                return true;
        }
        if (may_be_z && take("Z")) {
            found_.offset = 0;
            return true;
        }
        if (wanted.letter == 'z' || rest_.empty() || (rest_[0] != '+' && rest_[0] != '-'))
            return false;
        const int sign = rest_[0] == '-' ? -1 : 1;
        rest_.remove_prefix(1);
        int hours = 0, minutes = 0;
        if (!digits(wanted.letter == 'O' && wanted.count == 1 ? 1 : 2, hours) || hours > 23)
            return false;
        const bool colon = wanted.letter == 'O' || wanted.count == 3 ||
                           (wanted.letter == 'Z' && wanted.count == 5);
        const bool hours_only = wanted.count == 1 && wanted.letter != 'Z';
        if (hours_only &&
            (rest_.empty() || (rest_[0] != ':' && (rest_[0] < '0' || rest_[0] > '9')))) {
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

std::optional<value> read_date(const date_pattern& pattern, std::string_view text,
                               const zone& place)
{
    return date_reader(pattern, text).run(place);
}

}  // namespace sluice::rules::expression
