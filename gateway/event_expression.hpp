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

namespace sluice::gateway {

class event_expression {
public:
    /// The failure lists what is wrong with the text, with columns. The only variable is `event`.
    static result<std::unique_ptr<event_expression>> compile(std::string_view text,
                                                             bool is_condition);
    ~event_expression();

    /// True only when the condition holds; false and errors are both no.
    [[nodiscard]] bool holds(std::string_view event_json);
    /// The value as text (strings as they are, numbers and booleans as CEL's string()); nothing
    /// when it is absent, null or in error. The view lasts until the next call.
    [[nodiscard]] std::optional<std::string_view> text(std::string_view event_json);

private:
    explicit event_expression(rules::expression::compiled_expression program);
    rules::expression::value evaluate(std::string_view event_json);

    rules::expression::compiled_expression program_;
    rules::expression::limits limits_;
    rules::event_arena arena_;
    std::string text_;
};

}  // namespace sluice::gateway
