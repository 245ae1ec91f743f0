#include "rules/expression/code/checker.hpp"

#include <algorithm>

#include "config/diagnostic.hpp"
#include "rules/expression/code/builders.hpp"
#include "rules/expression/compare.hpp"

namespace sluice::rules::expression {

namespace {

value_kind common_type(value_kind a, value_kind b)
{
    return a == b ? a : value_kind::any;
}

bool is_plain_select(const node& at)
{
    return at.kind == node_kind::select && !at.optional && !at.presence;
}

std::string dotted_name(const node& at)
{
    if (at.kind == node_kind::identifier) return at.name;
    if (!is_plain_select(at)) return {};
    auto prefix = dotted_name(*at.children[0]);
    return prefix.empty() ? prefix : prefix + "." + at.name;
}

std::string text_of(value_kind kind)
{
    return std::string(type_name(kind));
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
    if (environment_.expected && type != value_kind::any && type != *environment_.expected) {
        report(checked.root->position, "the expression gives " + text_of(type) + ", but " +
                                           text_of(*environment_.expected) + " is needed");
    }
}

bool checker::is_local(std::string_view name) const
{
    return std::find(locals_.begin(), locals_.end(), name) != locals_.end();
}

const declared_variable* checker::declared(std::string_view name) const
{
    for (const auto& variable : environment_.variables) {
        if (variable.name == name) return &variable;
    }
    return nullptr;
}

std::vector<std::string> checker::candidates(const std::string& name, bool absolute) const
{
    std::vector<std::string> names;
    auto container = absolute ? std::string{} : environment_.container;
    while (!container.empty()) {
        names.push_back(container + "." + name);
        const auto dot = container.rfind('.');
        container.resize(dot == std::string::npos ? 0 : dot);
    }
    names.push_back(name);
    return names;
}

// The node that a declared name stands for; null when it is neither variable nor type.
node_ptr checker::named(const std::string& name, source_offset position) const
{
    auto made = std::make_unique<node>();
    made->position = position;
    made->name = name;
    if (const auto* variable = declared(name)) {
        made->type = variable->type;
        if (variable->constant) {
            made->constant = *variable->constant;
            made->type = made->constant.kind();
            return made;
        }
        made->kind = node_kind::identifier;
        made->variable = variable->index;
        return made;
    }
    const auto type = type_named(name);
    if (type == value_kind::any) return nullptr;
    made->constant = value::from_type(type);
    made->type = value_kind::type;
    return made;
}

// Replaces the longest declared prefix of a chain a.b.c by one identifier.
bool checker::resolve_name(node_ptr& at)
{
    std::vector<node_ptr*> chain{&at};
    while (chain.back()->get()->kind == node_kind::select) {
        auto& top = **chain.back();
        if (top.optional || (top.presence && chain.size() > 1)) return false;
        chain.push_back(&top.children[0]);
    }
    auto& base = **chain.back();
    if (base.kind != node_kind::identifier || base.variable) return false;
    if (!base.absolute && is_local(base.name)) return false;
    for (auto* part : chain) {
        if ((*part)->presence) continue;
        for (const auto& name : candidates(dotted_name(**part), base.absolute)) {
            if (auto found = named(name, base.position)) {
                *part = std::move(found);
                return true;
            }
        }
    }
    return false;
}

bool checker::resolve_path(node_ptr& at)
{
    if (environment_.paths == nullptr) return false;
    std::vector<path_step> steps;
    const node* base = at.get();
    while (true) {
        if (base->kind == node_kind::select) {
            if (base->presence && base != at.get()) return false;
            steps.push_back({base->name, base->optional});
        } else if (base->kind == node_kind::index && base->children[1]->is_literal() &&
                   base->children[1]->constant.is(value_kind::string)) {
            steps.push_back({std::string(base->children[1]->constant.text()), base->optional});
        } else {
            break;
        }
        base = base->children[0].get();
    }
    if (base->kind != node_kind::identifier || !base->variable) return false;
    const auto* root = declared(base->name);
    if (root == nullptr || !root->is_path_root) return false;
    std::reverse(steps.begin(), steps.end());
    const bool has_optional =
        std::any_of(steps.begin(), steps.end(), [](const auto& s) { return s.optional; });
    if (at->presence && has_optional) return false;
    const auto resolved = environment_.paths->resolve(root->name, steps);
    if (!resolved) return false;
    if (!resolved->problem.empty()) report(at->position, resolved->problem);
    auto made = std::make_unique<node>();
    made->kind = node_kind::path;
    made->position = at->position;
    made->presence = at->presence;
    made->type = at->presence   ? value_kind::boolean
                 : has_optional ? value_kind::optional
                                : resolved->type;
    made->root = root->name;
    made->path = std::move(steps);
    made->slot = resolved->slot;
    at = std::move(made);
    return true;
}

void checker::unknown_name(const node& at)
{
    std::vector<std::string_view> known(locals_.begin(), locals_.end());
    for (const auto& variable : environment_.variables) known.push_back(variable.name);
    const auto nearest = config::nearest_name(at.name, known);
    report(at.position, "unknown variable '" + at.name + "'",
           nearest.empty() ? "" : "did you mean '" + std::string(nearest) + "'?");
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
            if (at->absolute || !is_local(at->name)) unknown_name(*at);
            return;
        case node_kind::select:
        case node_kind::index:
            resolve_name(at);
            if (at->kind == node_kind::identifier) {
                resolve_path(at);
                return;
            }
            if (at->is_literal() || resolve_path(at)) return;
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
            report(key.position, "the same key occurs twice in the map");
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
        return;
    }
    visit(at.children[0]);
    const auto range = at.children[0]->type;
    const bool over_optional =
        at.macro == macro_kind::opt_map || at.macro == macro_kind::opt_flat_map;
    const bool fits = range == value_kind::any || at.macro == macro_kind::bind ||
                      (over_optional ? range == value_kind::optional
                                     : range == value_kind::list || range == value_kind::map);
    if (!fits) report(at.position, "'" + at.name + "' does not work on " + text_of(range));
    locals_.insert(locals_.end(), at.variables.begin(), at.variables.end());
    for (std::size_t i = 1; i < at.children.size(); ++i) visit(at.children[i]);
    locals_.resize(locals_.size() - at.variables.size());

    switch (at.macro) {
        case macro_kind::all:
        case macro_kind::exists:
        case macro_kind::exists_one:
            check_boolean(*at.children[1], "the condition of '" + at.name + "'");
            at.type = value_kind::boolean;
            break;
        case macro_kind::bind:
            at.type = at.children[1]->type;
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
    if (at.macro == macro_kind::filter ||
        (at.children.size() == 3 && at.macro != macro_kind::bind)) {
        check_boolean(*at.children[1], "the condition of '" + at.name + "'");
    }
}

const function_declaration* function_of(const node& call, std::string_view container)
{
    std::string prefix(call.absolute ? std::string_view{} : container);
    while (!prefix.empty()) {
        if (const auto* found = find_function(prefix + "." + call.name)) return found;
        const auto dot = prefix.rfind('.');
        prefix.resize(dot == std::string::npos ? 0 : dot);
    }
    return find_function(call.name);
}

void checker::visit_call(node& at)
{
    if (const auto* function = function_of(at, environment_.container)) {
        check_overloads(at, *function, false);
        return;
    }
    std::vector<std::string_view> known;
    for (const auto& function : all_functions()) known.push_back(function.name);
    const auto nearest = config::nearest_name(at.name, known);
    report(at.position, "unknown function '" + at.name + "'",
           nearest.empty() ? "" : "did you mean '" + std::string(nearest) + "'?");
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
            const auto given = at.children[i]->type;
            fits = fits && (given == value_kind::any || accepts(candidate, i, given));
        }
        if (!fits) continue;
        at.type = by_type ? common_type(at.type, candidate.result) : candidate.result;
        by_type = true;
    }
    if (by_type) return;
    std::string given;
    for (const auto& child : at.children)
        given += (given.empty() ? "" : ", ") + text_of(child->type);
    report(at.position,
           by_count ? "'" + at.name + "' does not work on (" + given + ")"
                    : "'" + at.name + "' is not called like this",
           "usage: " + std::string(function.signature));
}

}  // namespace sluice::rules::expression
