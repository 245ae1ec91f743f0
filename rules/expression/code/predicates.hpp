#pragma once
// The fast forms of the most frequent conditions: one slot against one constant, and membership in
// a set of constants that is hashed at load.

#include <vector>

#include "rules/expression/code/code.hpp"
#include "rules/expression/conjuncts.hpp"

namespace sluice::rules::expression {

/// Null for predicates without a fast form (matches).
[[nodiscard]] code_ptr make_predicate(const simple_predicate& predicate, source_offset position);
[[nodiscard]] code_ptr make_in_constants(code_ptr item, const value& constants);

}  // namespace sluice::rules::expression
