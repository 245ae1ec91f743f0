#pragma once
// Reading: constants, variables, slots, fields, elements, presence.

#include <string>
#include <vector>

#include "rules/expression/code/code.hpp"

namespace sluice::rules::expression {

/// container.name, container[key]; optional containers are looked into (and answer optionals).
[[nodiscard]] value select_field(const value& container, std::string_view name,
                                 evaluation_context& context);
[[nodiscard]] value select_optional(const value& container, const value& key);
[[nodiscard]] value index_into(const value& container, const value& key);

[[nodiscard]] code_ptr make_constant(const value& constant);
[[nodiscard]] code_ptr make_failure(value error, source_offset position);
[[nodiscard]] code_ptr make_local(std::uint32_t index);
[[nodiscard]] code_ptr make_lazy_local(std::uint32_t index, const code* initializer);
[[nodiscard]] code_ptr make_variable(std::uint32_t index, source_offset position);
[[nodiscard]] code_ptr make_select(source_offset position, code_ptr container, std::string name,
                                   bool optional);
[[nodiscard]] code_ptr make_index(source_offset position, code_ptr container, code_ptr key,
                                  bool optional);
[[nodiscard]] code_ptr make_presence(source_offset position, code_ptr container, std::string name);

/// A path: plain (`first_optional` = npos), with optional steps from there on, or has(path).
[[nodiscard]] code_ptr make_slot(source_offset position, slot_index slot);
[[nodiscard]] code_ptr make_optional_slot(source_offset position, slot_index slot,
                                          std::uint32_t first_optional);
[[nodiscard]] code_ptr make_slot_presence(source_offset position, slot_index slot,
                                          std::uint32_t steps);

}  // namespace sluice::rules::expression
