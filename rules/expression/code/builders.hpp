#pragma once
// Calls of functions, and list and map literals.

#include <span>
#include <vector>

#include "rules/expression/code/code.hpp"
#include "rules/expression/functions/registry.hpp"

namespace sluice::rules::expression {

/// Whether two of the keys are equal; few are compared, many are hashed in the arena.
[[nodiscard]] bool has_duplicate_keys(std::span<const map_entry> entries, event_arena& arena);
/// Sorts out whether `entries` may become a map: key kinds and duplicates. The map, or an error.
[[nodiscard]] value build_map(evaluation_context& context, std::span<const map_entry> entries);

/// An overload of a call with what was prepared from its constant arguments.
struct call_candidate {
    const overload* target = nullptr;
    std::shared_ptr<const void> prepared;
    /// Set when preparing failed and checks are off: the call is this error.
    value failure;
};

[[nodiscard]] bool accepts(const overload& candidate, std::size_t index, value_kind kind);
[[nodiscard]] bool accepts_count(const overload& candidate, std::size_t count);

[[nodiscard]] code_ptr make_call(source_offset position, std::vector<call_candidate> candidates,
                                 std::vector<code_ptr> arguments, std::uint32_t ordinal);
[[nodiscard]] code_ptr make_list(source_offset position, std::vector<code_ptr> items,
                                 std::vector<bool> optional);
[[nodiscard]] code_ptr make_map(source_offset position, std::vector<code_ptr> keys_and_items,
                                std::vector<bool> optional);

}  // namespace sluice::rules::expression
