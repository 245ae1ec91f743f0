#pragma once
// Base64 of the standard alphabet. Pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace sluice::rules::expression {

void append_base64(std::string_view octets, std::string& into);
/// Padding may be missing; anything else that is wrong gives nullopt.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace sluice::rules::expression
