#include "rules/expression/expression.hpp"

#include <algorithm>

#include "rules/expression/code/checker.hpp"
#include "rules/expression/code/code.hpp"
#include "rules/expression/code/compiler.hpp"
#include "rules/expression/code/cost_bound.hpp"
#include "rules/expression/code/folding.hpp"
#include "rules/expression/code/lint.hpp"
#include "rules/expression/printer.hpp"

namespace sluice::rules::expression {

compiled_expression::compiled_expression() = default;
compiled_expression::compiled_expression(compiled_expression&&) noexcept = default;
compiled_expression& compiled_expression::operator=(compiled_expression&&) noexcept = default;
compiled_expression::~compiled_expression() = default;

value compiled_expression::evaluate(evaluation_context& context) const
{
    if (!context.charge(cost_ * 10)) {
        return value::error(error_kind::limit_exceeded, cost_limit_text);
    }
    if (local_count_ == 0) return code_->run(context);
    // A variable's expression may run in the middle of another one: each has its own locals.
    auto* outer = context.locals;
    context.locals = context.arena->allocate_array<value>(local_count_).data();
    const auto result = code_->run(context);
    context.locals = outer;
    return result;
}

std::optional<slot_index> compiled_expression::as_plain_path() const
{
    const auto& top = *tree_.root;
    if (top.kind != node_kind::path || top.presence) return std::nullopt;
    for (const auto& step : top.path) {
        if (step.optional) return std::nullopt;
    }
    return top.slot;
}

namespace {

std::string path_text(const path_use& use, std::size_t steps)
{
    auto text = use.root;
    for (std::size_t i = 0; i < steps && i < use.steps.size(); ++i) text += "." + use.steps[i].name;
    return text;
}

/// The field that was read there, where no resolver made a path of it.
const node* selection_at(const node& at, source_offset position)
{
    if (at.kind == node_kind::select && at.position == position && !at.presence) return &at;
    for (const auto& child : at.children) {
        if (const auto* found = selection_at(*child, position)) return found;
    }
    return nullptr;
}

}  // namespace

std::string compiled_expression::describe(const value& error) const
{
    if (error.is_absent_path()) {
        for (const auto& use : paths_) {
            if (use.position != error.error_position()) continue;
            const auto found = error.absent_steps_found();
            if (!error.absent_on_scalar()) return path_text(use, found + 1) + " is absent";
            if (found >= use.steps.size()) return path_text(use, found) + " has no fields";
            return path_text(use, found) + " has no field '" + use.steps[found].name + "'";
        }
    }
    if (error.is_absent() && error.error_code() == error_kind::no_such_key) {
        if (const auto* read = selection_at(*tree_.root, error.error_position())) {
            return to_text(*read) + " is absent";
        }
    }
    return error.error_text();
}

std::optional<compiled_expression> compile(tree syntax, const compile_environment& environment,
                                           std::vector<problem>& problems)
{
    const auto failed = [&, before = problems.size()] {
        return std::any_of(problems.begin() + static_cast<std::ptrdiff_t>(before), problems.end(),
                           [](const problem& p) { return !p.warning; });
    };
    checker(environment, problems).run(syntax);
    if (failed()) return std::nullopt;
    if (environment.lint) lint(*syntax.root, environment.use, problems);
    const bool is_uncertain = may_be_absent(*syntax.root);
    if (environment.optimize) {
        fold(syntax, environment, environment.lint ? &problems : nullptr);
    }
    if (environment.lint) check_cost(*syntax.root, environment.bounds, problems);
    auto done = compiler(environment, problems).compile(std::move(syntax));
    if (environment.lint && done.static_cost() > environment.bounds.cost_units_max) {
        problems.push_back({done.root().position,
                            "one evaluation costs " + std::to_string(done.static_cost()) +
                                " units or more, and " +
                                std::to_string(environment.bounds.cost_units_max) + " are allowed",
                            "split it, or raise gateway.rule_limits.cost_units_max"});
    }
    if (failed()) return std::nullopt;
    done.may_be_absent_ = is_uncertain;
    return done;
}

std::optional<compiled_expression> compile(std::string_view text,
                                           const compile_environment& environment,
                                           std::vector<problem>& problems)
{
    auto syntax = parse(text, environment.bounds, problems);
    if (!syntax) return std::nullopt;
    return compile(std::move(*syntax), environment, problems);
}

compiled_expression compile_part(const compiled_expression& whole, const node& part,
                                 const compile_environment& environment)
{
    tree syntax;
    syntax.root = clone(part);
    syntax.text = whole.syntax().text;
    syntax.memory = whole.syntax().memory;
    std::vector<problem> ignored;
    return compiler(environment, ignored).compile(std::move(syntax));
}

}  // namespace sluice::rules::expression
