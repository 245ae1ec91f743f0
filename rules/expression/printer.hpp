#pragma once
// A tree back to text in canonical form (explain, hash-consing of equal conjuncts), and values for
// people.

#include <string>

#include "rules/expression/ast.hpp"

namespace sluice::rules::expression {

/// Equal trees print equally; parsing the text gives the tree again.
[[nodiscard]] std::string to_text(const node& root);
/// For people: params by their names instead of their values.
[[nodiscard]] std::string to_named_text(const node& root);

/// A value as a person reads it: 'text', 12u, [1, 2], {'a': 1}, timestamp('…'); errors as their
/// text. Cut at about `length_max` bytes with an ellipsis.
[[nodiscard]] std::string to_display_text(const value& shown, std::size_t length_max = 200);

}  // namespace sluice::rules::expression
