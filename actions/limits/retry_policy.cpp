#include "actions/limits/retry_policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::actions {
namespace {

using std::chrono::milliseconds;

bool take(std::string_view& text, std::string_view prefix)
{
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::optional<int> take_digits(std::string_view& text, std::size_t count)
{
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

std::optional<unsigned> take_month(std::string_view& text)
{
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (unsigned i = 0; i < months.size(); ++i) {
        if (take(text, months[i])) return i + 1;
    }
    return std::nullopt;
}

std::optional<std::chrono::seconds> take_time_of_day(std::string_view& text)
{
    const auto hour = take_digits(text, 2);
    if (!hour || !take(text, ":")) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || !take(text, ":")) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

std::optional<wall_time> make_time(int year, unsigned month, int day, std::chrono::seconds of_day)
{
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    // Outside these years the nanoseconds of wall_time would overflow.
    if (year < 1970 || year > 2200) return std::nullopt;
    return wall_time(std::chrono::sys_days(date)) + of_day;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` and `Sunday, 06-Nov-94 08:49:37 GMT`.
std::optional<wall_time> parse_comma_date(std::string_view text, std::size_t comma)
{
    text.remove_prefix(comma + 1);
    if (!take(text, " ")) return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day || text.empty()) return std::nullopt;
    const bool dashes = text.front() == '-';
    const std::string_view separator = dashes ? "-" : " ";
    if (!take(text, separator)) return std::nullopt;
    const auto month = take_month(text);
    if (!month || !take(text, separator)) return std::nullopt;
    auto year = take_digits(text, dashes ? 2 : 4);
    if (!year || !take(text, " ")) return std::nullopt;
    if (dashes) *year += *year < 70 ? 2000 : 1900;
    const auto of_day = take_time_of_day(text);
    if (!of_day || text != " GMT") return std::nullopt;
    return make_time(*year, *month, *day, *of_day);
}

/// `Sun Nov  6 08:49:37 1994`.
std::optional<wall_time> parse_asctime(std::string_view text)
{
    if (text.size() != 24) return std::nullopt;
    text.remove_prefix(4);
    const auto month = take_month(text);
    if (!month || !take(text, " ")) return std::nullopt;
    const bool padded = take(text, " ");
    const auto day = take_digits(text, padded ? 1 : 2);
    if (!day || !take(text, " ")) return std::nullopt;
    const auto of_day = take_time_of_day(text);
    if (!of_day || !take(text, " ")) return std::nullopt;
    const auto year = take_digits(text, 4);
    if (!year) return std::nullopt;
    return make_time(*year, *month, *day, *of_day);
}

}  // namespace

milliseconds retry_policy::backoff(std::uint32_t attempts, random_source& random) const
{
    auto window = settings_.backoff_min;
    for (std::uint32_t i = 1; i < attempts && window < settings_.backoff_max; ++i) window *= 2;
    window = std::min(window, settings_.backoff_max);
    if (window.count() <= 0) return milliseconds(0);
    const auto span = static_cast<std::uint64_t>(window.count()) + 1;
    return milliseconds(static_cast<milliseconds::rep>(random.next() % span));
}

std::optional<milliseconds> parse_retry_after(std::string_view text, wall_time now,
                                              milliseconds max)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    if (text.empty()) return std::nullopt;
    if (text.find_first_not_of("0123456789") == std::string_view::npos) {
        constexpr std::int64_t century_s = 100LL * 365 * 86'400;
        std::int64_t seconds = 0;
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (ec != std::errc{} || seconds <= 0 || seconds > century_s) return std::nullopt;
        return std::min<milliseconds>(std::chrono::seconds(seconds), max);
    }
    const std::size_t comma = text.find(',');
    const auto at =
        comma == std::string_view::npos ? parse_asctime(text) : parse_comma_date(text, comma);
    if (!at || *at <= now) return std::nullopt;
    return std::min(std::chrono::ceil<milliseconds>(*at - now), max);
}

}  // namespace sluice::actions
