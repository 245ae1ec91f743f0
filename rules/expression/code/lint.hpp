#pragma once
// Warnings about what is legal but seldom meant: paths that may be absent where absence decides the
// other way than it reads, functions that refuse the ints of JSON, guesses. Reads a checked,
// unfolded tree.

#include "rules/expression/expression.hpp"

namespace sluice::rules::expression {

void lint(const node& checked, condition_use use, std::vector<problem>& problems);

/// Whether some event gives an error with the absent bit here: an unguarded path, or a variable
/// that may be absent itself.
[[nodiscard]] bool may_be_absent(const node& checked);

}  // namespace sluice::rules::expression
