#include "rules/expression/code/compiler.hpp"

#include <algorithm>

#include "rules/expression/code/access.hpp"
#include "rules/expression/code/builders.hpp"
#include "rules/expression/code/checker.hpp"
#include "rules/expression/code/loops.hpp"
#include "rules/expression/code/operators.hpp"
#include "rules/expression/code/predicates.hpp"
#include "rules/expression/code/scopes.hpp"
#include "rules/expression/conjuncts.hpp"

namespace sluice::rules::expression {

compiled_expression compiler::compile(tree syntax)
{
    compiled_expression done;
    source_ = *syntax.text;
    auto root = build(*syntax.root);
    done.tree_ = std::move(syntax);
    done.code_ = std::move(root.step);
    done.cost_ = root.cost;
    done.local_count_ = local_count_;
    done.call_ordinals_ = call_ordinal_ - environment_.first_call_ordinal;
    done.paths_ = std::move(paths_);
    std::sort(variables_.begin(), variables_.end());
    variables_.erase(std::unique(variables_.begin(), variables_.end()), variables_.end());
    done.variables_ = std::move(variables_);
    return done;
}

value compiler::run_once(const node& closed, event_arena& memory)
{
    const auto step = build(closed).step;
    evaluation_context context(memory, environment_.bounds);
    std::vector<value> locals(local_count_);
    context.locals = locals.data();
    return step->run(context);
}

std::uint32_t compiler::add_local(const std::string& name)
{
    scope_.push_back({name, local_count_, nullptr});
    return local_count_++;
}

compiler::made compiler::build(const node& at)
{
    if (auto special = build_special(at)) return {std::move(special), 1};
    switch (at.kind) {
        case node_kind::literal:
            return {make_constant(at.constant), 0};
        case node_kind::identifier:
            return build_identifier(at);
        case node_kind::select:
        case node_kind::index:
            return build_access(at);
        case node_kind::path:
            return build_path(at);
        case node_kind::list:
        case node_kind::map:
            return build_container(at);
        case node_kind::macro:
            return build_macro(at);
        case node_kind::method:
            return build_call(at);
        case node_kind::call:
            return at.op == operator_kind::none ? build_call(at) : build_operator(at);
    }
    return {};
}

compiler::made compiler::build_identifier(const node& at)
{
    if (at.variable) {
        variables_.push_back(*at.variable);
        return {make_variable(*at.variable, at.position), 1};
    }
    for (auto candidate = scope_.rbegin(); !at.absolute && candidate != scope_.rend();
         ++candidate) {
        if (candidate->name != at.name) continue;
        if (candidate->initializer != nullptr) {
            return {make_lazy_local(candidate->index, candidate->initializer), 1};
        }
        return {make_local(candidate->index), 1};
    }
    return {
        make_failure(value::error(error_kind::unknown_variable, "unknown variable"), at.position),
        1};
}

compiler::made compiler::build_access(const node& at)
{
    guards_ += at.optional || at.presence;
    auto container = build(*at.children[0]);
    guards_ -= at.optional || at.presence;
    const auto cost = container.cost + 1;
    if (at.presence) return {make_presence(at.position, std::move(container.step), at.name), cost};
    if (at.kind == node_kind::select) {
        return {make_select(at.position, std::move(container.step), at.name, at.optional), cost};
    }
    auto key = build(*at.children[1]);
    return {make_index(at.position, std::move(container.step), std::move(key.step), at.optional),
            cost + key.cost};
}

void compiler::note_path(const node& at)
{
    const bool optional =
        std::any_of(at.path.begin(), at.path.end(), [](const auto& s) { return s.optional; });
    paths_.push_back(
        {at.position, at.slot, at.root, at.path, guards_ > 0 || at.presence || optional});
}

compiler::made compiler::build_path(const node& at)
{
    note_path(at);
    if (at.presence) {
        return {
            make_slot_presence(at.position, at.slot, static_cast<std::uint32_t>(at.path.size())),
            1};
    }
    for (std::uint32_t i = 0; i < at.path.size(); ++i) {
        if (at.path[i].optional) return {make_optional_slot(at.position, at.slot, i), 1};
    }
    return {make_slot(at.position, at.slot), 1};
}

// Comparisons of a slot with a constant, and membership in constant lists.
code_ptr compiler::build_special(const node& at)
{
    if (!environment_.optimize || at.is_literal() || at.kind == node_kind::path) return nullptr;
    if (const auto predicate = as_simple_predicate(at)) {
        if (auto step = make_predicate(*predicate, at.position)) {
            guards_ += predicate->fallback.has_value();
            note_path(*predicate->path);
            guards_ -= predicate->fallback.has_value();
            return step;
        }
    }
    return nullptr;
}

compiler::made compiler::build_logical(const node& at)
{
    std::vector<code_ptr> operands;
    std::vector<std::int64_t> costs;
    std::int64_t total = 1;
    for (const auto& child : at.children) {
        auto operand = build(*child);
        operands.push_back(std::move(operand.step));
        costs.push_back(operand.cost);
        total += operand.cost;
    }
    if (!environment_.optimize) costs.clear();
    return {make_logical(at.op == operator_kind::logical_or, at.position, std::move(operands),
                         std::move(costs)),
            total};
}

compiler::made compiler::build_operator(const node& at)
{
    if (at.op == operator_kind::logical_and || at.op == operator_kind::logical_or)
        return build_logical(at);
    auto first = build(*at.children[0]);
    if (at.op == operator_kind::logical_not)
        return {make_not(at.position, std::move(first.step)), first.cost + 1};
    if (at.op == operator_kind::negate)
        return {make_negate(at.position, std::move(first.step)), first.cost + 1};
    const auto& right = *at.children[1];
    if (at.op == operator_kind::in && environment_.optimize && right.is_literal() &&
        right.constant.is(value_kind::list)) {
        return {make_in_constants(std::move(first.step), right.constant), first.cost + 1};
    }
    auto second = build(right);
    if (at.op == operator_kind::conditional) {
        auto third = build(*at.children[2]);
        return {make_conditional(at.position, std::move(first.step), std::move(second.step),
                                 std::move(third.step)),
                first.cost + std::max(second.cost, third.cost) + 1};
    }
    return {make_binary(at.op, at.position, std::move(first.step), std::move(second.step)),
            first.cost + second.cost + 1};
}

namespace {

// Where in the literal the part stands that the message quotes, or that follows its last colon.
std::size_t offset_in(std::string_view text, std::string_view message)
{
    const auto first = message.find('\'');
    const auto last = message.find('\'', first + 1);
    if (first != std::string_view::npos && last != std::string_view::npos) {
        const auto part = message.substr(first + 1, last - first - 1);
        if (!part.empty() && text.find(part) != std::string_view::npos) return text.find(part);
    }
    const auto colon = message.rfind(": ");
    if (colon == std::string_view::npos) return std::string_view::npos;
    const auto part = message.substr(colon + 2);
    return part.empty() ? std::string_view::npos : text.find(part);
}

// The constant that a preparation refused, as exact as the message and the spelling allow.
source_offset place_of_mistake(const node& call, std::string_view message, std::string_view source)
{
    auto place = call.position;
    for (std::size_t i = call.children.size(); i-- > 0;) {
        const auto& child = *call.children[i];
        if (!child.is_literal() || !child.constant.is(value_kind::string)) continue;
        const auto text = child.constant.text();
        const bool is_plain =
            source.size() > child.position && source.substr(child.position + 1).starts_with(text);
        const auto offset = offset_in(text, message);
        place = child.position;
        if (offset == std::string_view::npos) continue;
        return is_plain ? place + 1 + static_cast<source_offset>(offset) : place;
    }
    return place;
}

std::string usage_of(const node& call)
{
    const auto* function = find_function(call.name);
    return function == nullptr ? "" : "usage: " + std::string(function->signature);
}

}  // namespace

void compiler::prepare(const node& at, call_candidate& candidate)
{
    if (candidate.target->prepare == nullptr) return;
    std::vector<const value*> constants;
    for (const auto& child : at.children) {
        constants.push_back(child->is_literal() ? &child->constant : nullptr);
    }
    auto prepared = candidate.target->prepare(constants, environment_.bounds);
    if (prepared) {
        candidate.prepared = std::move(*prepared);
        return;
    }
    candidate.failure = value::error(error_kind::invalid_argument, bad_constant_text);
    if (!environment_.check) return;
    const auto& message = prepared.error().message;
    problems_.push_back({place_of_mistake(at, message, source_), message, usage_of(at)});
}

compiler::made compiler::build_call(const node& at)
{
    const bool method = at.kind == node_kind::method;
    const auto* function =
        method ? find_function(at.name) : function_of(at, environment_.container);
    std::vector<code_ptr> arguments;
    std::int64_t cost = 1;
    for (const auto& child : at.children) {
        auto argument = build(*child);
        arguments.push_back(std::move(argument.step));
        cost += argument.cost;
    }
    if (method && arguments.size() == 2 && (at.name == "or" || at.name == "orValue")) {
        return {make_optional_or(at.position, at.name == "orValue", std::move(arguments[0]),
                                 std::move(arguments[1])),
                cost};
    }
    if (function == nullptr) {
        return {make_failure(value::error(error_kind::unknown_function, "unknown function"),
                             at.position),
                cost};
    }
    std::vector<call_candidate> candidates;
    for (const auto& target : function->overloads) {
        if (target.method != method || !accepts_count(target, at.children.size())) continue;
        bool fits = true;
        for (std::size_t i = 0; i < at.children.size(); ++i) {
            const auto& child = *at.children[i];
            fits = fits && (!child.is_literal() || accepts(target, i, child.constant.kind()));
        }
        if (!fits) continue;
        call_candidate candidate{&target, nullptr, value{}};
        prepare(at, candidate);
        candidates.push_back(std::move(candidate));
    }
    const auto ordinal = function->pure ? 0 : call_ordinal_++;
    return {make_call(at.position, std::move(candidates), std::move(arguments), ordinal), cost};
}

compiler::made compiler::build_container(const node& at)
{
    std::vector<code_ptr> parts;
    std::int64_t cost = at.kind == node_kind::list ? 10 : 30;
    for (const auto& child : at.children) {
        auto part = build(*child);
        parts.push_back(std::move(part.step));
        cost += part.cost;
    }
    auto step = at.kind == node_kind::list
                    ? make_list(at.position, std::move(parts), at.optional_entries)
                    : make_map(at.position, std::move(parts), at.optional_entries);
    return {std::move(step), cost};
}

compiler::made compiler::build_macro(const node& at)
{
    switch (at.macro) {
        case macro_kind::bind:
            return build_bind(at);
        case macro_kind::default_value:
        case macro_kind::coalesce: {
            std::vector<code_ptr> operands;
            std::int64_t cost = 1;
            for (const auto& child : at.children) {
                const bool guarded = at.macro == macro_kind::coalesce || child == at.children[0];
                guards_ += guarded;
                auto operand = build(*child);
                guards_ -= guarded;
                cost += operand.cost;
                operands.push_back(std::move(operand.step));
            }
            if (at.macro == macro_kind::coalesce) return {make_coalesce(std::move(operands)), cost};
            // default(path, constant) is one look at a slot.
            const bool cheap =
                at.children[0]->kind == node_kind::path && at.children[1]->is_literal();
            return {make_default(std::move(operands[0]), std::move(operands[1])), cheap ? 1 : cost};
        }
        case macro_kind::opt_map:
        case macro_kind::opt_flat_map: {
            auto operand = build(*at.children[0]);
            const auto index = add_local(at.variables[0]);
            auto body = build(*at.children[1]);
            scope_.pop_back();
            return {make_optional_map(at.position, index, at.macro == macro_kind::opt_flat_map,
                                      std::move(operand.step), std::move(body.step)),
                    operand.cost + body.cost + 1};
        }
        default:
            return build_loop(at);
    }
}

compiler::made compiler::build_bind(const node& at)
{
    auto initializer = build(*at.children[0]);
    const auto index = add_local(at.variables[0]);
    scope_.back().initializer = initializer.step.get();
    auto body = build(*at.children[1]);
    scope_.pop_back();
    const auto cost = initializer.cost + body.cost + 1;
    return {make_bind(index, std::move(initializer.step), std::move(body.step)), cost};
}

compiler::made compiler::build_loop(const node& at)
{
    loop_parts parts;
    parts.macro = at.macro;
    parts.position = at.position;
    parts.two_variables = at.variables.size() == 2;
    auto range = build(*at.children[0]);
    parts.range = std::move(range.step);
    for (const auto& name : at.variables) add_local(name);
    const auto bound = static_cast<std::uint32_t>(at.variables.size());
    parts.first_local = scope_[scope_.size() - bound].index;
    parts.second_local = scope_.back().index;

    std::int64_t body_cost = 1;
    const auto build_part = [&](std::size_t child) {
        auto part = build(*at.children[child]);
        body_cost += part.cost;
        return std::move(part.step);
    };
    const bool is_test = at.macro == macro_kind::all || at.macro == macro_kind::exists ||
                         at.macro == macro_kind::exists_one || at.macro == macro_kind::filter;
    if (is_test || at.children.size() == 3) parts.predicate = build_part(1);
    if (at.macro == macro_kind::transform_map_entry) {
        const auto& literal = *at.children.back();
        for (const auto& child : literal.children) {
            auto part = build(*child);
            body_cost += part.cost;
            parts.entries.push_back(std::move(part.step));
        }
    } else if (!is_test) {
        parts.transform = build_part(at.children.size() - 1);
    }
    scope_.resize(scope_.size() - bound);
    parts.body_cost = body_cost * 10;
    return {make_loop(std::move(parts)), range.cost + 1};
}

}  // namespace sluice::rules::expression
