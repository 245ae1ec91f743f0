#pragma once
// Values with their exact types as JSON, the encoding of the cel-spec suite ({"int64Value":"3"}):
// what `sluice eval --jsonl --typed` reads and writes, so that the suite can run against the
// program from outside.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/event_arena.hpp"
#include "rules/expression/expression.hpp"
#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

void write_typed_json(const value& shown, std::string& into);

/// The reverse, from a decoded object; nullopt when the form is unknown.
[[nodiscard]] std::optional<value> read_typed_json(const value& encoded, event_arena& arena);

struct eval_line_settings {
    wall_time now{};
    std::uint64_t seed = 0;
    bool typed = false;
    bool optimize = true;
    limits bounds;
};

/// One line of `eval --jsonl`: {"expr":…, "bindings":{…}, "container":…, "typeEnv":[…],
/// "disableCheck":…} to {"value":…} or {"error":"…"}. Untyped bindings are plain JSON values.
/// `told` takes what is wrong with the expression, or its run-time error, with places.
[[nodiscard]] std::string evaluate_line(std::string_view line, const eval_line_settings& settings,
                                        std::vector<problem>* told = nullptr);

}  // namespace sluice::rules::expression
