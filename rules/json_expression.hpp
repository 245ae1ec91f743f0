#pragma once
// One CEL expression over one event, outside of rule sets: ordering keys of datastreams, `--where`
// of tools. Compiled once; one object per thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/result.hpp"
#include "rules/event_arena.hpp"
#include "rules/expression/expression.hpp"

namespace sluice::rules {

class json_expression {
public:
    /// The failure lists what is wrong with the text, with columns. `variable` is the only name
    /// that the expression may use; it stands for the document.
    static result<std::unique_ptr<json_expression>> compile(std::string_view text,
                                                            std::string_view variable,
                                                            bool is_condition);
    ~json_expression();

    /// True only when the condition holds; false and errors are both no.
    [[nodiscard]] bool holds(std::string_view json);
    /// The value as text (strings as they are, numbers and booleans as CEL's string()); nothing
    /// when it is absent, null or in error. The view lasts until the next call.
    [[nodiscard]] std::optional<std::string_view> text(std::string_view json);

private:
    explicit json_expression(expression::compiled_expression program);
    expression::value evaluate(std::string_view json);

    expression::compiled_expression program_;
    expression::limits limits_;
    event_arena arena_;
    std::string text_;
};

}  // namespace sluice::rules
