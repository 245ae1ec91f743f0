#pragma once
// Code that binds a name or chooses a value: cel.bind, optMap, default, coalesce.

#include <vector>

#include "rules/expression/code/code.hpp"

namespace sluice::rules::expression {

/// The initializer is shared with the lazy locals of the body, which point to it.
[[nodiscard]] code_ptr make_bind(std::uint32_t local, code_ptr initializer, code_ptr body);
[[nodiscard]] code_ptr make_optional_map(source_offset position, std::uint32_t local, bool flat,
                                         code_ptr operand, code_ptr body);
[[nodiscard]] code_ptr make_default(code_ptr operand, code_ptr fallback);
/// o.or(p) and o.orValue(x): the second operand is evaluated only when the first is none.
[[nodiscard]] code_ptr make_optional_or(source_offset position, bool takes_value, code_ptr operand,
                                        code_ptr alternative);
[[nodiscard]] code_ptr make_coalesce(std::vector<code_ptr> operands);

}  // namespace sluice::rules::expression
