#pragma once
// One step of a compiled expression: an immutable tree of these is what runs. Shared by all
// threads; all state of a run is in the evaluation_context.

#include <memory>

#include "rules/expression/expression.hpp"

namespace sluice::rules::expression {

class code {
public:
    virtual ~code() = default;
    /// Never raw; errors carry their position.
    [[nodiscard]] virtual value run(evaluation_context& context) const = 0;
};

using code_ptr = std::unique_ptr<const code>;

/// An operation without overload for its operands; a null operand makes that the event's fault.
[[nodiscard]] inline value no_overload(const value& left,
                                       const value& right = value::from_bool(true))
{
    const auto failed = value::error(error_kind::no_matching_overload, "no matching overload");
    const bool shape = left.is_null() || right.is_null() || left.is_none() || right.is_none();
    return shape ? failed.as_absent() : failed;
}

[[nodiscard]] inline value limit_error(const char* text)
{
    return value::error(error_kind::limit_exceeded, text);
}

/// Uninitialised text in the arena, with the limits of one value and of the arena; nullptr when
/// exceeded.
[[nodiscard]] char* build_text(evaluation_context& context, std::size_t bytes);
/// A string value from text that is copied to the arena.
[[nodiscard]] value build_string(evaluation_context& context, std::string_view text);
/// False when a list of that many elements may not be made.
[[nodiscard]] bool may_build_list(evaluation_context& context, std::size_t elements);
/// An optional holding a copy of `inner`.
[[nodiscard]] value build_some(evaluation_context& context, const value& inner);

}  // namespace sluice::rules::expression
