#pragma once
// What an expression costs at least, for every event: loops over constant ranges are counted.
// Refuses at load what could never be evaluated within the limits.

#include "rules/expression/expression.hpp"

namespace sluice::rules::expression {

/// `folded`: constants are literals already.
void check_cost(const node& folded, const limits& bounds, std::vector<problem>& problems);

}  // namespace sluice::rules::expression
