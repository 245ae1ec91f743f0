#pragma once
// Warnings about what is legal but seldom meant: paths that may be absent under a negation,
// functions that refuse the ints of JSON, guesses. Reads a checked, unfolded tree.

#include "rules/expression/expression.hpp"

namespace sluice::rules::expression {

void lint(const node& checked, std::vector<problem>& problems);

}  // namespace sluice::rules::expression
