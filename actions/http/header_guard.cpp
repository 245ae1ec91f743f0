#include "actions/http/header_guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice::actions {
namespace {

constexpr std::array<bool, 256> make_token_table()
{
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
    return table;
}
constexpr std::array<bool, 256> token_table = make_token_table();

constexpr char to_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Decodes one code point behind a lead byte; 0 when it is not well-formed UTF-8.
std::uint32_t decode(std::string_view text, std::size_t at, std::size_t& length) noexcept
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    length = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    if (lead >= 0xf5 || length == 0 || at + length > text.size()) return 0;
    std::uint32_t point = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xc0) != 0x80) return 0;
        point = (point << 6) | (byte(at + i) & 0x3fU);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < smallest[length] || point > 0x10ffff) return 0;
    if (point >= 0xd800 && point <= 0xdfff) return 0;
    return point;
}

bool is_control(std::uint32_t c) noexcept
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return token_table[static_cast<unsigned char>(c)];
    });
}

bool is_header_value(std::string_view text) noexcept
{
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) {
            if (is_control(c)) return false;
            ++i;
            continue;
        }
        std::size_t length = 0;
        const std::uint32_t point = decode(text, i, length);
        // C1 controls, and whatever a narrowing layer behind us would turn into CR or LF.
        const std::uint32_t low = point & 0xff;
        if (point < 0xa0 || low == '\r' || low == '\n') return false;
        i += length;
    }
    return true;
}

bool is_reserved_header(std::string_view name) noexcept
{
    constexpr std::string_view names[] = {"host",
                                          "content-length",
                                          "transfer-encoding",
                                          "connection",
                                          "expect",
                                          "upgrade",
                                          "keep-alive",
                                          "te",
                                          "trailer",
                                          "proxy-authorization",
                                          "proxy-connection"};
    for (std::string_view reserved : names) {
        if (equal_ignoring_case(name, reserved)) return true;
    }
    constexpr std::string_view webhook = "webhook-";
    return name.size() >= webhook.size() &&
           equal_ignoring_case(name.substr(0, webhook.size()), webhook);
}

bool is_request_target(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte < 0x7f && c != '#' && c != '\\';
    });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return to_lower(x) == to_lower(y);
           });
}

std::optional<std::string> check_rule_header(std::string_view name, std::string_view value)
{
    if (!is_token(name)) {
        return "a header name of the rule is not a token (letters, digits and -_.~ only)";
    }
    if (is_reserved_header(name)) {
        return fmt::format("the header `{}` can't be set by a rule, the gateway writes it", name);
    }
    if (value.size() > header_value_bytes_max) {
        return fmt::format("the value of the header `{}` has {} bytes; at most {} are sent", name,
                           value.size(), header_value_bytes_max);
    }
    if (!is_header_value(value)) {
        return fmt::format(
            "the value of the header `{}` holds a control character or a line break; "
            "encode it in the rule",
            name);
    }
    return std::nullopt;
}

}  // namespace sluice::actions
