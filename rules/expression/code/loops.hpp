#pragma once
// The macros that walk a list or a map.

#include <vector>

#include "rules/expression/code/code.hpp"

namespace sluice::rules::expression {

struct loop_parts {
    macro_kind macro = macro_kind::none;
    source_offset position = 0;
    bool two_variables = false;
    std::uint32_t first_local = 0;   ///< element or index/key
    std::uint32_t second_local = 0;  ///< element or value, with two variables
    std::int64_t body_cost = 1;      ///< charged per step, in tenths
    code_ptr range;
    code_ptr predicate;  ///< all, exists, exists_one, filter; optional otherwise
    code_ptr transform;  ///< map, transform_list, transform_map, sort_by
    /// transform_map_entry: key, value, key, value, …
    std::vector<code_ptr> entries;
};

[[nodiscard]] code_ptr make_loop(loop_parts parts);
/// Ascending and stable by keys of one kind; the sorted list, or an error.
[[nodiscard]] value sort_by_keys(evaluation_context& context, std::span<const value> items,
                                 std::span<const value> keys);

}  // namespace sluice::rules::expression
