#pragma once
// Every function of the language, declared once: name, parameters, result, help, examples, code.
// The checker, the compiler, the reference text and the tests read these declarations. Static,
// immutable, any thread.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.hpp"
#include "rules/expression/limits.hpp"
#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

class evaluation_context;

/// Where and with what a call was compiled.
struct call_site {
    source_offset position = 0;
    std::uint32_t ordinal = 0;       ///< of impure calls, in source order
    const void* prepared = nullptr;  ///< what the overload's `prepare` made of constant arguments
};

/// Arguments are never errors and never raw. Errors returned need no position.
using function_code = value (*)(evaluation_context& context, std::span<const value> arguments,
                                const call_site& site);

/// Made of the constant arguments at load (compiled pattern, zone, …); nullptr arguments are not
/// constant. Null result: nothing to prepare. A failure is a load error.
using prepare_code = result<std::shared_ptr<const void>> (*)(
    std::span<const value* const> arguments, const limits& bounds);

struct overload {
    bool method = false;                 ///< first parameter is the receiver: s.lower()
    std::vector<value_kind> parameters;  ///< `any` takes every kind
    value_kind result = value_kind::any;
    function_code code = nullptr;
    prepare_code prepare = nullptr;
    bool variadic = false;  ///< the last parameter repeats
};

struct function_example {
    std::string_view expression;
    std::string_view expected;  ///< an expression, or "error"
};

struct function_declaration {
    std::string_view family;     ///< heading of the reference: "strings"
    std::string_view name;       ///< with namespace: "hash.sha256"
    std::string_view signature;  ///< as documented: "s.padLeft(n[, pad])"
    std::string_view help;
    std::vector<function_example> examples;
    std::vector<overload> overloads;
    bool pure = true;
};

/// All of them, in order of the reference.
[[nodiscard]] std::span<const function_declaration> all_functions();
[[nodiscard]] const function_declaration* find_function(std::string_view name);
/// Markdown, one table per family.
[[nodiscard]] std::string function_reference();

}  // namespace sluice::rules::expression
