#include "rules/expression/functions/base64.hpp"

#include <cstdint>

namespace sluice::rules::expression {

namespace {
constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

void append_base64(std::string_view octets, std::string& into)
{
    for (std::size_t i = 0; i < octets.size(); i += 3) {
        const auto byte = [&](std::size_t k) -> std::uint32_t {
            return i + k < octets.size() ? static_cast<unsigned char>(octets[i + k]) : 0u;
        };
        const auto bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        into += alphabet[bits >> 18];
        into += alphabet[bits >> 12 & 63];
        into += i + 1 < octets.size() ? alphabet[bits >> 6 & 63] : '=';
        into += i + 2 < octets.size() ? alphabet[bits & 63] : '=';
    }
}

std::optional<std::string> decode_base64(std::string_view text)
{
    if (text.size() % 4 == 0) {
        for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) return std::nullopt;
    std::string octets;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            octets += static_cast<char>(bits >> count & 0xff);
        }
    }
    return octets;
}

}  // namespace sluice::rules::expression
