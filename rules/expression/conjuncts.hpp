#pragma once
// A compiled condition taken apart for the rule compiler: its top-level conjuncts, and the
// conjuncts that compare one slot with a constant, which can be shared between rules and indexed.
// Pure functions of the tree.

#include <optional>
#include <string>
#include <vector>

#include "rules/expression/ast.hpp"

namespace sluice::rules::expression {

/// The operands of the top-level `&&`, or the node itself.
[[nodiscard]] std::vector<const node*> conjuncts_of(const node& condition);

enum class predicate_operator : std::uint8_t {
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,  ///< constant is a list (or a map: its keys)
    starts_with,
    ends_with,
    contains,
    matches,
    present,  ///< has(path)
    is_true,  ///< the path itself as a condition
};

/// `slot operator constant`; a constant on the left is turned around.
struct simple_predicate {
    slot_index slot = 0;
    predicate_operator op = predicate_operator::equal;
    value constant;
    /// Set for default(path, fallback) on the left: taken when the slot is absent or null.
    std::optional<value> fallback;
    const node* path = nullptr;
};

/// Only paths without optional steps qualify.
[[nodiscard]] std::optional<simple_predicate> as_simple_predicate(const node& condition);

/// What the predicate gives for a slot's value; the same as evaluating the expression (an error is
/// an error). `matches` is not decided here: its pattern is compiled in the expression's own code.
[[nodiscard]] value apply(const simple_predicate& predicate, const value& slot);

}  // namespace sluice::rules::expression
