#include "rules/expression/utf8.hpp"

#include <simdjson.h>

namespace sluice::rules::expression {

bool is_valid_utf8(std::string_view text)
{
    return simdjson::validate_utf8(text.data(), text.size());
}

std::size_t count_code_points(std::string_view text)
{
    std::size_t count = 0;
    for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
    return count;
}

std::size_t byte_offset(std::string_view text, std::size_t index)
{
    std::size_t at = 0;
    while (index > 0) {
        if (at >= text.size()) return std::string_view::npos;
        at += code_point_length(text[at]);
        --index;
    }
    return at;
}

char32_t decode_at(std::string_view text, std::size_t at)
{
    const auto byte = [&](std::size_t i) -> char32_t {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
    };
    const auto first = byte(0);
    switch (code_point_length(text[at])) {
        case 1:
            return first;
        case 2:
            return ((first & 0x1f) << 6) | (byte(1) & 0x3f);
        case 3:
            return ((first & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f);
        default:
            return ((first & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) |
                   (byte(3) & 0x3f);
    }
}

std::size_t encode_code_point(char32_t point, char* into)
{
    const auto put = [&](std::size_t i, char32_t bits) { into[i] = static_cast<char>(bits); };
    if (point < 0x80) {
        put(0, point);
        return 1;
    }
    if (point < 0x800) {
        put(0, 0xc0 | (point >> 6));
        put(1, 0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        put(0, 0xe0 | (point >> 12));
        put(1, 0x80 | ((point >> 6) & 0x3f));
        put(2, 0x80 | (point & 0x3f));
        return 3;
    }
    put(0, 0xf0 | (point >> 18));
    put(1, 0x80 | ((point >> 12) & 0x3f));
    put(2, 0x80 | ((point >> 6) & 0x3f));
    put(3, 0x80 | (point & 0x3f));
    return 4;
}

void append_code_point(char32_t point, std::string& into)
{
    char bytes[4];
    into.append(bytes, encode_code_point(point, bytes));
}

bool is_white_space(char32_t point)
{
    switch (point) {
        case 0x20:
        case 0x85:
        case 0xa0:
        case 0x1680:
        case 0x2028:
        case 0x2029:
        case 0x202f:
        case 0x205f:
        case 0x3000:
            return true;
        default:
            return (point >= 0x09 && point <= 0x0d) || (point >= 0x2000 && point <= 0x200a);
    }
}

std::string_view trim(std::string_view text, bool left, bool right)
{
    while (left && !text.empty() && is_white_space(decode_at(text, 0))) {
        text.remove_prefix(code_point_length(text[0]));
    }
    while (right && !text.empty()) {
        auto at = text.size() - 1;
        while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
        if (!is_white_space(decode_at(text, at))) break;
        text = text.substr(0, at);
    }
    return text;
}

}  // namespace sluice::rules::expression
