#include "rules/expression/code/cost_bound.hpp"

#include <algorithm>

namespace sluice::rules::expression {

namespace {

constexpr std::uint64_t uncountable = std::uint64_t{1} << 40;

// Loops that look at each element, whatever they find.
bool runs_through(const node& at)
{
    switch (at.macro) {
        case macro_kind::exists_one:
        case macro_kind::map:
        case macro_kind::filter:
        case macro_kind::transform_list:
        case macro_kind::transform_map:
        case macro_kind::transform_map_entry:
        case macro_kind::sort_by:
            return true;
        default:
            return false;
    }
}

std::uint64_t elements_of(const node& range)
{
    if (range.kind == node_kind::list) {
        return range.children.size() -
               static_cast<std::size_t>(
                   std::count(range.optional_entries.begin(), range.optional_entries.end(), true));
    }
    if (!range.is_literal()) return 0;
    if (range.constant.is(value_kind::list)) return range.constant.items().size();
    if (range.constant.is(value_kind::map)) return range.constant.entries().size();
    return 0;
}

// Steps that every evaluation takes; branches that may be left out count nothing.
std::uint64_t steps_of(const node& at)
{
    const bool is_lazy = at.is_operator(operator_kind::logical_and) ||
                         at.is_operator(operator_kind::logical_or) ||
                         at.is_operator(operator_kind::conditional) ||
                         at.macro == macro_kind::coalesce || at.macro == macro_kind::bind;
    if (at.children.empty()) return 0;
    std::uint64_t steps = steps_of(*at.children[0]);
    if (is_lazy) return steps;
    std::uint64_t inner = 0;
    for (std::size_t i = 1; i < at.children.size(); ++i) inner += steps_of(*at.children[i]);
    if (at.kind != node_kind::macro) return std::min(steps + inner, uncountable);
    if (!runs_through(at)) return steps;
    const bool has_filter = at.children.size() == 3;
    if (has_filter) inner = steps_of(*at.children[1]);
    const auto count = elements_of(*at.children[0]);
    if (inner >= uncountable / 10'000) return uncountable;
    return std::min(steps + count * (1 + inner), uncountable);
}

// The outermost loop that takes too many; null when they only add up.
const node* dear_loop(const node& at, std::uint64_t steps_max)
{
    if (at.kind == node_kind::macro && steps_of(at) > steps_max) return &at;
    for (const auto& child : at.children) {
        if (const auto* found = dear_loop(*child, steps_max)) return found;
    }
    return nullptr;
}

}  // namespace

void check_cost(const node& folded, const limits& bounds, std::vector<problem>& problems)
{
    const auto steps = steps_of(folded);
    if (steps <= bounds.loop_steps_max) return;
    const auto* loop = dear_loop(folded, bounds.loop_steps_max);
    problems.push_back({loop != nullptr ? loop->position : folded.position,
                        "every evaluation takes " + std::to_string(steps) +
                            " loop steps or more, and " + std::to_string(bounds.loop_steps_max) +
                            " are allowed",
                        "loop over less, or raise gateway.rule_limits.loop_steps_max"});
}

}  // namespace sluice::rules::expression
