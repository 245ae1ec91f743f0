#pragma once
// Code points of UTF-8 text: counting, stepping, checking, appending. Pure functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::rules::expression {

[[nodiscard]] bool is_valid_utf8(std::string_view text);
/// Of valid UTF-8.
[[nodiscard]] std::size_t count_code_points(std::string_view text);
/// Byte offset of the code point `index`; npos when the text is shorter. index == count gives
/// size().
[[nodiscard]] std::size_t byte_offset(std::string_view text, std::size_t index);
/// Length in bytes of the code point that starts with this byte.
[[nodiscard]] inline std::size_t code_point_length(char first)
{
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
/// The code point at `at` of valid UTF-8.
[[nodiscard]] char32_t decode_at(std::string_view text, std::size_t at);
void append_code_point(char32_t point, std::string& into);
/// Writes up to 4 bytes, answers how many.
std::size_t encode_code_point(char32_t point, char* into);
[[nodiscard]] bool is_white_space(char32_t point);
/// Without Unicode White_Space at the chosen ends.
[[nodiscard]] std::string_view trim(std::string_view text, bool left = true, bool right = true);

}  // namespace sluice::rules::expression
