#pragma once
// What `default`, `clean_text` and `lower_case` of a variable make of its expression. Pure.

#include <string>

#include "rules/definition/rule_set.hpp"

namespace sluice::rules {

/// An expression over `v`, which stands for the variable's own; just "v" when it has no options.
[[nodiscard]] std::string wrapping_of(const variable_source& variable);

}  // namespace sluice::rules
