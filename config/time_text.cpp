#include "config/time_text.hpp"

#include <array>

namespace sluice {
namespace {

using std::chrono::days;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Writes `value` with exactly `width` digits.
char* put_digits(char* at, std::uint64_t value, int width)
{
    for (int i = width - 1; i >= 0; --i) {
        at[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    return at + width;
}

char* put_fraction(char* at, std::uint64_t nanos)
{
    if (nanos == 0) return at;
    *at++ = '.';
    at = put_digits(at, nanos, 9);
    while (at[-1] == '0') --at;
    return at;
}

/// Reads fixed-width fields from the front of a text; `failed` stays set after the first mismatch.
class field_reader {
public:
    explicit field_reader(std::string_view text) : rest_(text) {}

    int digits(std::size_t width)
    {
        int value = 0;
        if (rest_.size() < width) return fail();
        for (std::size_t i = 0; i < width; ++i) {
            if (!is_digit(rest_[i])) return fail();
            value = value * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(width);
        return value;
    }

    /// Takes one character out of `allowed` and returns it.
    char one_of(std::string_view allowed)
    {
        if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) {
            fail();
            return '\0';
        }
        const char taken = rest_.front();
        rest_.remove_prefix(1);
        return taken;
    }

    nanoseconds fraction()
    {
        if (rest_.empty() || rest_.front() != '.') return {};
        rest_.remove_prefix(1);
        if (rest_.empty() || !is_digit(rest_.front())) fail();
        std::int64_t nanos = 0;
        std::int64_t scale = 100'000'000;
        while (!rest_.empty() && is_digit(rest_.front())) {
            nanos += (rest_.front() - '0') * scale;
            scale /= 10;
            rest_.remove_prefix(1);
        }
        return nanoseconds(nanos);
    }

    [[nodiscard]] bool is_at_end() const { return !failed_ && rest_.empty(); }

private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    int fail()
    {
        failed_ = true;
        return 0;
    }

    std::string_view rest_;
    bool failed_ = false;
};

}  // namespace

std::string format_time(wall_time time)
{
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(day);
    const auto since_midnight = static_cast<std::uint64_t>((time - day).count());
    const std::uint64_t second = since_midnight / 1'000'000'000;

    std::array<char, 32> text;
    char* at = put_digits(text.data(), static_cast<std::uint64_t>(int(date.year())), 4);
    *at++ = '-';
    at = put_digits(at, unsigned(date.month()), 2);
    *at++ = '-';
    at = put_digits(at, unsigned(date.day()), 2);
    *at++ = 'T';
    at = put_digits(at, second / 3600, 2);
    *at++ = ':';
    at = put_digits(at, second / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, second % 60, 2);
    at = put_fraction(at, since_midnight % 1'000'000'000);
    *at++ = 'Z';
    return {text.data(), at};
}

std::optional<wall_time> parse_time(std::string_view text)
{
    field_reader in(text);
    const std::chrono::year year(in.digits(4));
    in.one_of("-");
    const std::chrono::month month(static_cast<unsigned>(in.digits(2)));
    in.one_of("-");
    const std::chrono::day day(static_cast<unsigned>(in.digits(2)));
    in.one_of("Tt ");
    const int hour = in.digits(2);
    in.one_of(":");
    const int minute = in.digits(2);
    in.one_of(":");
    const int second = in.digits(2);
    const nanoseconds fraction = in.fraction();
    const char zone = in.one_of("Zz+-");
    int offset_minutes = 0;
    if (zone == '+' || zone == '-') {
        const int offset_hour = in.digits(2);
        in.one_of(":");
        const int offset_minute = in.digits(2);
        if (offset_hour > 23 || offset_minute > 59) return std::nullopt;
        offset_minutes = (offset_hour * 60 + offset_minute) * (zone == '+' ? 1 : -1);
    }
    const std::chrono::year_month_day date(year, month, day);
    if (!in.is_at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    // 64-bit nanoseconds hold 1677-09-21 to 2262-04-11; whole years keep the sum below from
    // overflowing
    if (int(year) < 1678 || int(year) > 2261) return std::nullopt;
    const seconds of_day(hour * 3600 + minute * 60 + second - offset_minutes * 60);
    return wall_time(std::chrono::sys_days(date)) + of_day + fraction;
}

}  // namespace sluice
