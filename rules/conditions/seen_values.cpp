#include "rules/conditions/seen_values.hpp"

#include <algorithm>

#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/printer.hpp"

namespace sluice::rules {
namespace {

using expression::node_kind;
using expression::operator_kind;
using expression::value;
using expression::value_kind;

constexpr std::size_t shown_bytes_max = 80;

std::string field_text(const expression::path_use& use, std::size_t steps)
{
    auto text = use.root;
    for (std::size_t i = 0; i < steps && i < use.steps.size(); ++i) text += "." + use.steps[i].name;
    return text;
}

bool is_relation(const expression::node& at)
{
    return at.kind == node_kind::call && at.op >= operator_kind::equal &&
           at.op <= operator_kind::in;
}

bool is_plain_literal(const expression::node& at)
{
    if (at.kind == node_kind::list)
        return std::ranges::all_of(at.children,
                                   [](const auto& item) { return is_plain_literal(*item); });
    return at.is_literal() && at.name.empty();
}

}  // namespace

void seen_values::look_at(const predicate& asked, const value& answer,
                          explained_predicate& into) const
{
    read(asked.code, into.values);
    if (asked.right) read(*asked.right, into.values);
    read_params(asked.code.root(), into.values);
    if (answer.is_error()) into.cause = asked.code.describe(answer);
    into.seen = words_of(asked, answer);
}

std::string seen_values::words_of(const predicate& asked, const value& answer) const
{
    std::vector<seen_value> values;
    read(asked.code, values);
    if (asked.right) read(*asked.right, values);
    if (answer.is_error() && answer.is_absent())
        return "absent: " + absent_words(asked.code, answer);
    if (answer.is_error()) {
        const auto read_here = list_of(values);
        return asked.code.describe(answer) + (read_here.empty() ? "" : "; " + read_here);
    }
    if (const auto text = defaulted(asked); !text.empty()) return text;
    const auto& root = asked.code.root();
    if (asked.compared || !is_relation(root)) {
        if (values.size() == 1 && !values[0].text.empty() && !asked.compared) {
            return operand_text(asked, root.kind == node_kind::method ? *root.children[0] : root);
        }
        return list_of(values);
    }
    const auto& left = *root.children[0];
    const auto& right = *root.children[1];
    if (is_plain_literal(right)) return operand_text(asked, left);
    if (is_plain_literal(left)) return operand_text(asked, right);
    return operand_text(asked, left) + " " + std::string(expression::operator_text(root.op)) + " " +
           operand_text(asked, right);
}

/// The value of a part of a predicate; of a computed one also what it was made from.
std::string seen_values::operand_text(const predicate& asked, const expression::node& operand) const
{
    expression::compile_environment plain;
    plain.bounds = program_.parts().bounds;
    const auto code = expression::compile_part(asked.code, operand, plain);
    scratch_.context.begin();
    const auto made = code.evaluate(scratch_.context);
    const auto text = made.is_error()
                          ? code.describe(made)
                          : expression::to_display_text(readable(made), shown_bytes_max);
    const bool is_read = operand.kind == node_kind::path || operand.kind == node_kind::identifier ||
                         operand.is_literal();
    if (is_read) return text;
    std::vector<seen_value> values;
    read(code, values);
    const auto from = list_of(values);
    return from.empty() ? text : text + ", from " + from;
}

/// "event.order has no key 'currency'"
std::string seen_values::absent_words(const expression::compiled_expression& code,
                                      const value& error) const
{
    if (error.is_absent_path() && !error.absent_on_scalar()) {
        for (const auto& use : code.paths()) {
            const auto found = error.absent_steps_found();
            if (use.position != error.error_position() || found >= use.steps.size()) continue;
            return field_text(use, found) + " has no key '" + use.steps[found].name + "'";
        }
    }
    return code.describe(error);
}

/// "event.user.consent absent, default false": where a `default` stepped in for a path.
std::string seen_values::defaulted(const predicate& asked) const
{
    const auto* at = &asked.code.root();
    if (is_relation(*at)) at = at->children[0].get();
    const bool is_default = at->kind == node_kind::macro &&
                            at->macro == expression::macro_kind::default_value &&
                            at->children[0]->kind == node_kind::path && at->children.size() == 2;
    if (!is_default) return {};
    const auto& slot = scratch_.context.slots[at->children[0]->slot];
    if (!slot.is_error() && !slot.is_null()) return {};
    std::string text = expression::to_text(*at->children[0]) + " null";
    for (const auto& use : asked.code.paths()) {
        if (use.slot != at->children[0]->slot || !slot.is_error()) continue;
        const auto found = slot.absent_steps_found();
        text = field_text(use, slot.absent_on_scalar() ? use.steps.size() : found + 1) + " absent";
    }
    return text + ", default " + expression::to_named_text(*at->children[1]);
}

std::string seen_values::list_of(const std::vector<seen_value>& values) const
{
    std::string text;
    for (const auto& seen : values) {
        text += (text.empty() ? "" : ", ") + seen.name + " " +
                (seen.text.empty() ? seen.problem : seen.text);
    }
    return text;
}

void seen_values::read(const expression::compiled_expression& code,
                       std::vector<seen_value>& into) const
{
    const auto add = [&](std::string name, const value& shown, std::string problem) {
        const auto is_same = [&](const auto& seen) { return seen.name == name; };
        if (std::ranges::any_of(into, is_same)) return;
        seen_value made{.name = std::move(name), .problem = std::move(problem)};
        if (!shown.is_error()) {
            made.text = expression::to_display_text(readable(shown), shown_bytes_max);
            if (!expression::write_json(readable(shown), made.json)) made.json.clear();
        }
        into.push_back(std::move(made));
    };
    for (const auto& use : code.paths()) {
        const auto& slot = scratch_.context.slots[use.slot];
        add(field_text(use, use.steps.size()), slot, slot.is_error() ? "absent" : "");
    }
    for (const auto index : code.variables()) {
        const auto& variable = program_.parts().variables[index];
        const auto made = scratch_.variable(index, scratch_.context);
        add(variable.name, made, made.is_error() ? variable.code.describe(made) : "");
    }
}

void seen_values::read_params(const expression::node& at, std::vector<seen_value>& into) const
{
    if (at.is_literal() && !at.name.empty() && !at.constant.is(value_kind::type)) {
        seen_value made{.name = at.name};
        made.text = expression::to_display_text(at.constant, shown_bytes_max);
        if (expression::write_json(at.constant, made.json)) into.push_back(std::move(made));
    }
    for (const auto& child : at.children) read_params(*child, into);
}

value seen_values::readable(const value& shown) const
{
    return expression::decode_json(shown, scratch_.arena);
}

}  // namespace sluice::rules
