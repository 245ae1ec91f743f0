#pragma once
// Shortens a checked tree: sub-trees without event, variables, clock or randomness become literals.
// A constant that fails stays as it is, for its error may be absorbed where it stands; calls of
// functions that fail whatever the event are reported to `problems`, if given.

#include "rules/expression/expression.hpp"

namespace sluice::rules::expression {

void fold(tree& shortened, const compile_environment& environment,
          std::vector<problem>* problems = nullptr);

}  // namespace sluice::rules::expression
