#pragma once
// Operators: arithmetic, comparison, membership, logic. The functions on values are used by
// folding-free code elsewhere too (l.sum(), predicates); the make_ functions give code.

#include <vector>

#include "rules/expression/code/code.hpp"

namespace sluice::rules::expression {

/// add, subtract, multiply, divide, modulo; operands are no errors.
[[nodiscard]] value arithmetic(operator_kind op, const value& left, const value& right,
                               evaluation_context& context);
/// equal … greater_equal, in; operands are no errors.
[[nodiscard]] value relate(operator_kind op, const value& left, const value& right);

[[nodiscard]] code_ptr make_binary(operator_kind op, source_offset position, code_ptr left,
                                   code_ptr right);
[[nodiscard]] code_ptr make_not(source_offset position, code_ptr operand);
[[nodiscard]] code_ptr make_negate(source_offset position, code_ptr operand);
[[nodiscard]] code_ptr make_conditional(source_offset position, code_ptr condition, code_ptr yes,
                                        code_ptr no);

/// n-ary && or ||. `costs` of the operands decide the order of evaluation; empty keeps the source
/// order.
[[nodiscard]] code_ptr make_logical(bool is_or, source_offset position,
                                    std::vector<code_ptr> operands,
                                    std::vector<std::int64_t> costs);

}  // namespace sluice::rules::expression
