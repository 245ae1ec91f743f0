#include "rules/expression/code/checker.hpp"

#include <algorithm>

#include "rules/expression/code/builders.hpp"
#include "rules/expression/compare.hpp"
#include "rules/expression/printer.hpp"

namespace sluice::rules::expression {

namespace {

value_kind common_type(value_kind a, value_kind b)
{
    return a == b ? a : value_kind::any;
}

std::string text_of(value_kind kind)
{
    return std::string(type_name(kind));
}

bool accepts_any(const overload& candidate, std::size_t index, kind_mask kinds)
{
    if (kinds == every_kind) return true;
    for (auto kind = value_kind::null; kind <= value_kind::cidr;
         kind = static_cast<value_kind>(static_cast<int>(kind) + 1)) {
        if (has_kind(kinds, kind) && accepts(candidate, index, kind)) return true;
    }
    return false;
}

}  // namespace

void checker::report(source_offset position, std::string message, std::string hint)
{
    if (environment_.check) problems_.push_back({position, std::move(message), std::move(hint)});
}

void checker::run(tree& checked)
{
    visit(checked.root);
    const auto type = checked.root->type;
    if (environment_.expected && !has_kind(checked.root->kinds(), *environment_.expected)) {
        const auto given =
            type == value_kind::any ? kinds_text(checked.root->kinds()) : text_of(type);
        report(checked.root->position,
               "the expression gives " + given + ", but " + text_of(*environment_.expected) +
                   " is needed",
               *environment_.expected == value_kind::boolean
                   ? "compare it with something, for example with == or >"
                   : "");
    }
}

void checker::visit(node_ptr& at)
{
    switch (at->kind) {
        case node_kind::literal:
            at->type = at->constant.kind();
            return;
        case node_kind::identifier:
            if (!at->variable) resolve_name(at);
            if (resolve_path(at) || at->is_literal() || at->variable) return;
            if (at->absolute || !is_local(at->name)) {
                unknown_name(*at);
                return;
            }
            for (std::size_t i = locals_.size(); i-- > 0;) {
                if (locals_[i] != at->name) continue;
                at->take_shape(local_shapes_[i]);
                at->is_certain = true;
                return;
            }
            return;
        case node_kind::select:
        case node_kind::index:
            resolve_name(at);
            if (at->kind == node_kind::identifier) {
                resolve_path(at);
                return;
            }
            if (at->is_literal() || resolve_path(at) || is_unknown_namespace(*at)) return;
            visit_children(*at);
            type_container(*at);
            return;
        case node_kind::method:
            visit_method(at);
            return;
        case node_kind::call:
            visit_children(*at);
            if (at->op != operator_kind::none) {
                visit_operator(*at);
            } else {
                visit_call(*at);
            }
            return;
        case node_kind::list:
            visit_children(*at);
            at->type = value_kind::list;
            return;
        case node_kind::map:
            visit_map(*at);
            return;
        case node_kind::macro:
            visit_macro(*at);
            return;
        case node_kind::path:
            return;
    }
}

void checker::visit_children(node& at)
{
    for (auto& child : at.children) visit(child);
}

void checker::type_container(node& at)
{
    const auto container = at.children[0]->type;
    const bool fits = container == value_kind::any || container == value_kind::map ||
                      container == value_kind::optional ||
                      (container == value_kind::list && at.kind == node_kind::index);
    if (!fits) {
        report(at.position, at.kind == node_kind::index
                                ? text_of(container) + " has no elements"
                                : text_of(container) + " has no field '" + at.name + "'");
    }
    if (at.presence) {
        at.type = value_kind::boolean;
    } else if (at.optional || container == value_kind::optional) {
        at.type = value_kind::optional;
    }
    if (fits) step_into_shape(at);
}

void checker::visit_map(node& at)
{
    visit_children(at);
    at.type = value_kind::map;
    for (std::size_t i = 0; i < at.children.size(); i += 2) {
        const auto& key = *at.children[i];
        if (key.type != value_kind::any && !is_key_kind(key.type)) {
            report(key.position,
                   "a map key must be bool, int, uint or string, not " + text_of(key.type));
            return;
        }
        for (std::size_t k = 0; key.is_literal() && k < i; k += 2) {
            const auto& other = *at.children[k];
            if (!other.is_literal() || !equal(other.constant, key.constant)) continue;
            report(key.position, "the key " + to_text(key) + " occurs twice in the map",
                   "remove one of them");
            return;
        }
    }
}

void checker::visit_macro(node& at)
{
    if (at.macro == macro_kind::default_value || at.macro == macro_kind::coalesce) {
        visit_children(at);
        at.type = at.children[0]->type;
        for (const auto& child : at.children) at.type = common_type(at.type, child->type);
        if (at.type == value_kind::optional || at.type == value_kind::null)
            at.type = value_kind::any;
        type_alternatives(at, 0);
        return;
    }
    visit(at.children[0]);
    const auto range = at.children[0]->type;
    const bool over_optional =
        at.macro == macro_kind::opt_map || at.macro == macro_kind::opt_flat_map;
    const auto kinds = at.children[0]->kinds();
    const bool fits =
        at.macro == macro_kind::bind ||
        (over_optional ? has_kind(kinds, value_kind::optional)
                       : has_kind(kinds, value_kind::list) || has_kind(kinds, value_kind::map));
    if (!fits) {
        report(at.position,
               "'" + at.name + "' does not work on " +
                   (range == value_kind::any ? kinds_text(kinds) : text_of(range)),
               over_optional ? "" : "its range must be a list or a map");
    }
    name_locals(at);
    for (std::size_t i = 1; i < at.children.size(); ++i) visit(at.children[i]);
    locals_.resize(locals_.size() - at.variables.size());
    local_shapes_.resize(locals_.size());

    switch (at.macro) {
        case macro_kind::all:
        case macro_kind::exists:
        case macro_kind::exists_one:
            check_boolean(*at.children[1], "the condition of '" + at.name + "'");
            at.type = value_kind::boolean;
            break;
        case macro_kind::bind:
            at.type = at.children[1]->type;
            at.shape = at.children[1]->shape;
            at.schema_kinds = at.children[1]->schema_kinds;
            break;
        case macro_kind::opt_map:
        case macro_kind::opt_flat_map:
            at.type = value_kind::optional;
            break;
        case macro_kind::transform_map:
        case macro_kind::transform_map_entry:
            at.type = value_kind::map;
            break;
        default:
            at.type = value_kind::list;
    }
    if (at.macro == macro_kind::filter || at.macro == macro_kind::sort_by) {
        at.shape = at.children[0]->shape;
    }
    if (at.macro == macro_kind::filter ||
        (at.children.size() == 3 && at.macro != macro_kind::bind)) {
        check_boolean(*at.children[1], "the condition of '" + at.name + "'");
    }
}

void checker::visit_call(node& at)
{
    if (const auto* function = function_of(at, environment_.container)) {
        check_overloads(at, *function, false);
        return;
    }
    unknown_function(at, at.name);
}

// `math.abs(x)` is a function with a dot in its name, `x.abs()` a method.
void checker::visit_method(node_ptr& at)
{
    if (const auto prefix = dotted_name(*at->children[0]); !prefix.empty()) {
        node probe;
        probe.name = prefix + "." + at->name;
        if (function_of(probe, environment_.container) != nullptr) {
            at->kind = node_kind::call;
            at->name = probe.name;
            at->children.erase(at->children.begin());
            visit_children(*at);
            visit_call(*at);
            return;
        }
        // `hash.sha25(x)`: a name that only functions have in front.
        const auto is_in = [&](std::string_view name) { return name.starts_with(prefix + "."); };
        bool is_namespace = false;
        for (const auto& function : all_functions())
            is_namespace = is_namespace || is_in(function.name);
        for (const auto& name : environment_.other_functions)
            is_namespace = is_namespace || is_in(name);
        for (const auto& variable : environment_.variables)
            is_namespace =
                is_namespace && variable.name != prefix && !variable.name.starts_with(probe.name);
        if (is_namespace && environment_.check && !is_local(prefix)) {
            unknown_function(*at, probe.name);
            return;
        }
    }
    visit_children(*at);
    if (const auto* function = find_function(at->name)) {
        check_overloads(*at, *function, true);
    } else {
        visit_call(*at);
    }
}

void checker::check_overloads(node& at, const function_declaration& function, bool method)
{
    bool by_count = false, by_type = false;
    for (const auto& candidate : function.overloads) {
        if (candidate.method != method || !accepts_count(candidate, at.children.size())) continue;
        by_count = true;
        bool fits = true;
        for (std::size_t i = 0; i < at.children.size(); ++i) {
            fits = fits && accepts_any(candidate, i, at.children[i]->kinds());
        }
        if (!fits) continue;
        at.type = by_type ? common_type(at.type, candidate.result) : candidate.result;
        by_type = true;
    }
    if (by_type) return;
    std::string given;
    for (const auto& child : at.children)
        given +=
            (given.empty() ? "" : ", ") +
            (child->type == value_kind::any ? kinds_text(child->kinds()) : text_of(child->type));
    report(at.position,
           by_count ? "'" + at.name + "' does not work on (" + given + ")"
                    : "'" + at.name + "' is not called like this",
           "usage: " + std::string(function.signature));
}

}  // namespace sluice::rules::expression
