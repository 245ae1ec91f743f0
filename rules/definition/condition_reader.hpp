#pragma once
// Reads `when`: an expression, a list, all / any / none, or compare with an operator carried over
// from Adobe.

#include <span>

#include "rules/definition/read_support.hpp"

namespace sluice::rules {

[[nodiscard]] condition_source read_condition(const config::node& when, diagnostics& problems);

/// The 18 operators of `compare`.
[[nodiscard]] std::span<const std::string_view> compare_operators();

}  // namespace sluice::rules
