#pragma once
// The byte level of JSON: where a string stops, whether an escape or a number is well-formed. Pure
// functions over [at, end); null means malformed.

#include <string>
#include <string_view>

namespace sluice::gateway {

/// The first quote, backslash or control byte, or `end`.
[[nodiscard]] const char* find_string_stop(const char* at, const char* end) noexcept;

/// `at` is the backslash; returns the byte behind the escape. Surrogates must come in pairs.
[[nodiscard]] const char* skip_escape(const char* at, const char* end) noexcept;

/// Returns the byte behind the number. Its size and precision do not matter.
[[nodiscard]] const char* skip_number(const char* at, const char* end) noexcept;

/// The byte behind the value at `at`, by brackets and strings only: what is inside is not judged.
/// `end` when it is cut off.
[[nodiscard]] const char* skip_value(const char* at, const char* end) noexcept;

}  // namespace sluice::gateway
