#include "config/schema/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace sluice::config {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t size;
};

constexpr std::array<unit, 5> duration_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

constexpr std::uint64_t Ki = 1024;
constexpr std::array<unit, 9> byte_units{{{"TiB", Ki* Ki* Ki* Ki},
                                          {"GiB", Ki* Ki* Ki},
                                          {"MiB", Ki* Ki},
                                          {"KiB", Ki},
                                          {"TB", 1'000'000'000'000},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"KB", 1'000},
                                          {"B", 1}}};

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::string_view take_while(std::string_view& rest, bool (*belongs)(char))
{
    std::size_t length = 0;
    while (length < rest.size() && belongs(rest[length])) ++length;
    const std::string_view taken = rest.substr(0, length);
    rest.remove_prefix(length);
    return taken;
}

bool is_letter(char c)
{
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

bool same_ignoring_case(std::string_view a, std::string_view b)
{
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (std::tolower(static_cast<unsigned char>(a[i])) !=
            std::tolower(static_cast<unsigned char>(b[i]))) {
            return false;
        }
    }
    return true;
}

std::optional<std::uint64_t> to_number(std::string_view digits)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

/// `1.5` times `size` in integers: nothing when it overflows or is not whole.
std::optional<std::uint64_t> scaled(std::string_view whole, std::string_view fraction,
                                    std::uint64_t size)
{
    const auto count = to_number(whole);
    std::uint64_t value = 0;
    if (!count || __builtin_mul_overflow(*count, size, &value)) return std::nullopt;
    if (fraction.empty()) return value;
    if (fraction.size() > 6) return std::nullopt;
    std::uint64_t divisor = 1;
    for (std::size_t i = 0; i < fraction.size(); ++i) divisor *= 10;
    std::uint64_t part = 0;
    if (__builtin_mul_overflow(*to_number(fraction), size, &part)) return std::nullopt;
    if (part % divisor != 0) return std::nullopt;
    if (__builtin_add_overflow(value, part / divisor, &value)) return std::nullopt;
    return value;
}

/// Takes `digits[.digits]` from the front; both parts empty when there is no number.
std::pair<std::string_view, std::string_view> take_number(std::string_view& rest)
{
    const std::string_view whole = take_while(rest, is_digit);
    std::string_view fraction;
    if (!whole.empty() && rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])) {
        rest.remove_prefix(1);
        fraction = take_while(rest, is_digit);
    }
    return {whole, fraction};
}

template <std::size_t N>
std::string shortest(std::uint64_t value, const std::array<unit, N>& units)
{
    for (const auto& [name, size] : units) {
        if (value % size == 0) return fmt::format("{}{}", value / size, name);
    }
    return fmt::format("{}", value);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
{
    if (text == "0") return std::chrono::milliseconds(0);
    std::uint64_t total = 0;
    const unit* previous = nullptr;
    while (!text.empty() || previous == nullptr) {
        const auto [whole, fraction] = take_number(text);
        const std::string_view name = take_while(text, is_letter);
        const unit* found = nullptr;
        for (const auto& candidate : duration_units) {
            if (candidate.name == name) found = &candidate;
        }
        if (whole.empty() || found == nullptr) return std::nullopt;
        if (previous != nullptr && found->size >= previous->size) return std::nullopt;
        const auto part = scaled(whole, fraction, found->size);
        if (!part || __builtin_add_overflow(total, *part, &total)) return std::nullopt;
        previous = found;
    }
    constexpr std::uint64_t century_ms =
        36'525ull * 86'400'000;  // keeps sums of durations in range
    if (total > century_ms) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

std::optional<std::uint64_t> parse_bytes(std::string_view text)
{
    const auto [whole, fraction] = take_number(text);
    if (whole.empty()) return std::nullopt;
    if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    if (text.empty()) return fraction.empty() ? to_number(whole) : std::nullopt;
    for (const auto& [name, size] : byte_units) {
        if (same_ignoring_case(text, name)) return scaled(whole, fraction, size);
    }
    return std::nullopt;
}

std::string format_duration(std::chrono::milliseconds duration)
{
    if (duration.count() == 0) return "0s";
    return shortest(static_cast<std::uint64_t>(duration.count()), duration_units);
}

std::string format_bytes(std::uint64_t bytes)
{
    if (bytes == 0) return "0";
    const std::string text = shortest(bytes, byte_units);
    return text.ends_with("iB") || bytes % 1000 == 0 ? text : fmt::format("{}", bytes);
}

}  // namespace sluice::config
