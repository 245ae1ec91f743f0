#pragma once
// Values to JSON text: integers exact at any size, doubles keep a fraction or exponent, times as
// RFC 3339, bytes as base64, raw parts of the event byte for byte. Appends to a string the caller
// owns.

#include <string>
#include <string_view>

#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

/// False when the value has no JSON form (NaN, infinity, type, net types, non-string key, top-level
/// none, an error); `into` then holds a partial text, and `why`, if given, a static reason.
[[nodiscard]] bool write_json(const value& shown, std::string& into, const char** why = nullptr);

/// `"…"` with escapes.
void write_json_string(std::string_view text, std::string& into);

/// Shortest digits that read back; plain form for 1e-4 <= |x| < 1e21; what string(double) gives.
void append_double(double number, std::string& into);

}  // namespace sluice::rules::expression
