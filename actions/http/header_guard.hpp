#pragma once
// What may stand in a request that is partly made from events: one place for every check against
// injected CR, LF, NUL, control bytes and reserved names. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace sluice::actions {

inline constexpr std::size_t header_value_bytes_max = 8 * 1024;
inline constexpr std::size_t url_bytes_max = 8 * 1024;

/// A token as HTTP defines it (method, header name).
[[nodiscard]] bool is_token(std::string_view text) noexcept;
/// Visible text, spaces and tabs; no control byte. UTF-8 passes only when no code point narrows to
/// a control byte (U+010A would become LF in a layer that keeps the low byte).
[[nodiscard]] bool is_header_value(std::string_view text) noexcept;
/// Names that frame the message or prove its origin; never from a rule.
[[nodiscard]] bool is_reserved_header(std::string_view name) noexcept;
/// Path and query as they go on the wire: visible ASCII, no `#`, no backslash.
[[nodiscard]] bool is_request_target(std::string_view text) noexcept;
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// The first thing wrong with a header, as a sentence; nothing when it may be sent.
[[nodiscard]] std::optional<std::string> check_rule_header(std::string_view name,
                                                           std::string_view value);

}  // namespace sluice::actions
