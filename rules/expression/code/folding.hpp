#pragma once
// Shortens a checked tree: sub-trees without event, variables, clock or randomness become literals.
// A constant that fails stays as it is, for its error may be absorbed where it stands.

#include "rules/expression/expression.hpp"

namespace sluice::rules::expression {

void fold(tree& shortened, const compile_environment& environment);

}  // namespace sluice::rules::expression
