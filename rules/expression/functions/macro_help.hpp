#pragma once
// What the reference says about macros, which the parser expands (syntax/macros): signature, help
// and examples, as for functions. Static, any thread.

#include <span>

#include "rules/expression/functions/registry.hpp"

namespace sluice::rules::expression {

/// In order of the reference; `overloads` are empty.
[[nodiscard]] std::span<const function_declaration> all_macros();

}  // namespace sluice::rules::expression
