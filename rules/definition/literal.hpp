#pragma once
// YAML values as JSON text: `89` is a number, `"89"` and dates are text. Pure functions.

#include <string>
#include <string_view>

#include "config/node.hpp"

namespace sluice::rules {

/// True when the scalar is a number, true, false or null by the JSON-like core schema.
[[nodiscard]] bool is_json_literal(const config::node& scalar);

/// The node as compact JSON; member order is kept.
[[nodiscard]] std::string to_json(const config::node& value);

/// Appends `text` as a JSON string with quotes. The text must be valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// JSON Merge Patch (RFC 7396) over values.
[[nodiscard]] config::node merge_patch(const config::node& target, const config::node& patch);

}  // namespace sluice::rules
