#pragma once
// Calls that are not calls: has, all, map, cel.bind, default, … become nodes of their own while
// parsing.

#include <optional>
#include <string>

#include "rules/expression/ast.hpp"

namespace sluice::rules::expression {

struct macro_problem {
    source_offset position = 0;
    std::string message;
};

/// Rewrites `call` in place when its name and number of arguments are those of a macro.
[[nodiscard]] std::optional<macro_problem> expand_macro(node_ptr& call);

}  // namespace sluice::rules::expression
