#pragma once
// Equality, ordering and look-up of values: one number line for int, uint and double, deep equality
// for lists and maps. Values may not be raw. Pure functions.

#include <compare>
#include <optional>

#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

[[nodiscard]] bool equal(const value& left, const value& right);

/// Two numbers; unordered for NaN. Integers meeting a double are converted to double after a range
/// check.
[[nodiscard]] std::partial_ordering compare_numbers(const value& left, const value& right);

/// nullopt when the two have no order: different kinds, lists, maps, null, types.
[[nodiscard]] std::optional<std::partial_ordering> compare(const value& left, const value& right);

/// The first entry with that key; a whole double finds an integer key. nullptr without one.
[[nodiscard]] const value* find_key(const value& map, const value& key);
[[nodiscard]] const value* find_field(const value& map, std::string_view name);

/// Whether a kind may be a map key.
[[nodiscard]] bool is_key_kind(value_kind kind);

/// An int, uint or whole double as int64; nullopt when it is none or out of range.
[[nodiscard]] std::optional<std::int64_t> as_index(const value& number);

/// Equal values hash equally; scalars only (others give one common hash).
[[nodiscard]] std::size_t hash_of(const value& scalar);

}  // namespace sluice::rules::expression
