#pragma once
// JSON text to values: integers stay integers, numbers beyond 64 bits become the nearest double, a
// double that overflows is an error value inside the document. Needs no padding behind the text and
// keeps no state.

#include <optional>
#include <string_view>

#include "rules/event_arena.hpp"
#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

/// Any JSON document; nullopt when it is invalid or nested deeper than `depth_max`. Strings without
/// escapes are views of `json`; everything else lands in the arena.
[[nodiscard]] std::optional<value> read_json(std::string_view json, event_arena& arena,
                                             std::uint32_t depth_max = 512);

/// The value of a raw list or map (value::raw_list, raw_map), itself valid JSON; other values
/// unchanged.
[[nodiscard]] value decode_json(const value& raw, event_arena& arena);

/// One JSON number: int, uint or double by its spelling; an error value when it overflows a double.
[[nodiscard]] value read_json_number(std::string_view spelling);

/// The text of a JSON string without its quotes, escapes resolved; nullopt for bad escapes.
[[nodiscard]] std::optional<std::string_view> unescape_json(std::string_view quoted_part,
                                                            event_arena& arena);

}  // namespace sluice::rules::expression
