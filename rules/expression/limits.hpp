#pragma once
// Bounds of the language: what an expression may cost to load and to evaluate. Plain values with
// the documented defaults; copied into every program, read by any thread.

#include <cstddef>
#include <cstdint>

namespace sluice::rules::expression {

struct limits {
    std::size_t text_code_points_max = 100'000;  ///< of one expression
    std::uint32_t nesting_max = 250;             ///< parentheses, calls, indexes, ternaries
    std::uint32_t tree_height_max = 1'000;  ///< chains such as a + b + c count one per operator
    std::uint32_t loop_steps_max = 10'000;  ///< per evaluation, nested loops counted
    std::size_t regex_characters_max = 1'000;
    int regex_instructions_max = 10'000;  ///< of the compiled RE2 program
    std::int64_t regex_memory_bytes_max = 8 << 20;
    std::size_t value_bytes_max = 1 << 20;    ///< one string or bytes made by an expression
    std::size_t value_elements_max = 10'000;  ///< one list or map made by an expression
    std::size_t arena_bytes_max = 8 << 20;    ///< per event and rule set
    std::int64_t cost_units_max = 1'000'000;  ///< 1 a node, 0.1 a byte, 10 a list, 30 a map
};

/// Texts of `limit_exceeded`: each names the setting to raise.
inline constexpr const char* cost_limit_text =
    "the evaluation costs too much; gateway.rule_limits.cost_units_max allows more";
inline constexpr const char* loop_limit_text =
    "too many loop steps; gateway.rule_limits.loop_steps_max allows more";
inline constexpr const char* list_limit_text =
    "the list gets too long; gateway.rule_limits.value_elements_max and arena_bytes_max allow more";
inline constexpr const char* map_limit_text =
    "the map gets too large; gateway.rule_limits.value_elements_max and arena_bytes_max allow more";
inline constexpr const char* text_limit_text =
    "the text gets too long; gateway.rule_limits.value_bytes_max and arena_bytes_max allow more";

}  // namespace sluice::rules::expression
