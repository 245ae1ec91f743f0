#pragma once
// ASCII helpers of the HTTP layer: letter case, tokens and percent escapes never depend on a
// locale.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::gateway {

[[nodiscard]] constexpr char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alpha(char c) noexcept
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/// 0 to 15, or -1.
[[nodiscard]] constexpr int hex_value(char c) noexcept
{
    if (is_digit(c)) return c - '0';
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// One flag per byte value.
using byte_set = std::array<bool, 256>;

[[nodiscard]] constexpr byte_set make_byte_set(std::string_view extra,
                                               bool with_alphanumeric = true)
{
    byte_set set{};
    for (int c = 0; c < 256 && with_alphanumeric; ++c) {
        const auto letter = static_cast<char>(c);
        set[static_cast<std::size_t>(c)] = is_digit(letter) || is_alpha(letter);
    }
    for (const char c : extra) set[static_cast<unsigned char>(c)] = true;
    return set;
}

[[nodiscard]] constexpr bool contains(const byte_set& set, char c) noexcept
{
    return set[static_cast<unsigned char>(c)];
}

inline constexpr byte_set token_bytes = make_byte_set("!#$%&'*+-.^_`|~");

/// Bytes of a field value: tab, space, visible ASCII and everything from 0x80.
inline constexpr byte_set value_bytes = [] {
    byte_set set{};
    for (std::size_t c = 0; c < 256; ++c) set[c] = c == '\t' || (c >= 0x20 && c != 0x7f);
    return set;
}();

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// `%41` becomes `A` and `+` a blank; broken escapes stay as they are.
[[nodiscard]] inline std::string percent_decoded(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low >= 0) {
            out.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            out.push_back(text[i] == '+' ? ' ' : text[i]);
        }
    }
    return out;
}

}  // namespace sluice::gateway
