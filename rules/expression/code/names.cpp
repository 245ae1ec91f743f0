// The part of checker.hpp that resolves names: variables, paths, functions, and what to say of
// those that nobody declared.
#include <algorithm>

#include "config/diagnostic.hpp"
#include "rules/expression/code/checker.hpp"
#include "rules/expression/compare.hpp"

namespace sluice::rules::expression {

namespace {

bool is_plain_select(const node& at)
{
    return at.kind == node_kind::select && !at.optional && !at.presence;
}

}  // namespace

std::string dotted_name(const node& at)
{
    if (at.kind == node_kind::identifier) return at.name;
    if (!is_plain_select(at)) return {};
    auto prefix = dotted_name(*at.children[0]);
    return prefix.empty() ? prefix : prefix + "." + at.name;
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
        if (environment_.used != nullptr) environment_.used->insert(name);
        made->type = variable->type;
        made->take_shape(variable->shape);
        made->is_certain = !variable->may_be_absent;
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
            steps.push_back({base->name, base->optional, base->position});
        } else if (base->kind == node_kind::index && base->children[1]->is_literal() &&
                   base->children[1]->constant.is(value_kind::string)) {
            steps.push_back({std::string(base->children[1]->constant.text()), base->optional,
                             base->children[1]->position});
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
    if (!resolved->problem.empty()) {
        const auto wrong = resolved->problem_step;
        report(wrong < steps.size() ? steps[wrong].position : at->position, resolved->problem,
               resolved->hint);
    }
    auto made = std::make_unique<node>();
    made->kind = node_kind::path;
    made->position = at->position;
    made->presence = at->presence;
    made->type = at->presence   ? value_kind::boolean
                 : has_optional ? value_kind::optional
                                : resolved->type;
    if (!at->presence && !has_optional) made->take_shape(resolved->shape);
    made->is_certain = resolved->is_certain;
    made->root = root->name;
    made->path = std::move(steps);
    made->slot = resolved->slot;
    at = std::move(made);
    return true;
}

// `above` is the selection of a field of the unknown name, so that `params.min` is told as a whole.
void checker::unknown_name(const node& at, const node* above)
{
    const auto whole = above == nullptr ? at.name : at.name + "." + above->name;
    const auto& later = environment_.later_names;
    if (std::find(later.begin(), later.end(), whole) != later.end()) {
        report(at.position, "'" + whole + "' is used before it is declared",
               "a variable may use those above it: move '" + whole + "' up");
        return;
    }
    std::vector<std::string_view> known(locals_.begin(), locals_.end()), below;
    for (const auto& variable : environment_.variables) {
        known.emplace_back(variable.name);
        if (above != nullptr && variable.name.starts_with(at.name + "."))
            below.emplace_back(variable.name);
    }
    std::string hint;
    if (const auto nearest = below.empty() ? config::nearest_name(at.name, known)
                                           : config::nearest_name(whole, below);
        !nearest.empty()) {
        hint = "did you mean '" + std::string(nearest) + "'?";
    } else if (below.empty() && at.name == "params") {
        hint = "the rule set declares no params; add `params: {" +
               (above == nullptr ? std::string("name") : above->name) + ": …}`";
    } else if (below.empty() && at.name == "variables") {
        hint = "the rule set declares no variables; add them under `variables`";
    } else if (at.name == "steps") {
        hint = "results of earlier steps of the same rule are named steps.NAME";
    } else {
        for (const auto name : below)
            hint += (hint.empty() ? "known are " : ", ") + std::string(name);
    }
    const bool is_owned = above != nullptr && (!below.empty() || at.name == "params" ||
                                               at.name == "variables" || at.name == "steps");
    report(at.position, "unknown variable '" + (is_owned ? whole : at.name) + "'", hint);
}

// Answers (and reports) whether the selection starts at a name that nobody declared.
bool checker::is_unknown_namespace(const node& select)
{
    if (select.kind != node_kind::select) return false;
    const auto& base = *select.children[0];
    if (base.kind != node_kind::identifier || base.variable) return false;
    if (!base.absolute && is_local(base.name)) return false;
    for (const auto& name : candidates(base.name, base.absolute)) {
        if (declared(name) != nullptr || type_named(name) != value_kind::any) return false;
    }
    unknown_name(base, &select);
    return true;
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

void checker::unknown_function(const node& at, const std::string& name)
{
    const auto is_there = [&](const node& call) {
        return function_of(call, environment_.container) != nullptr;
    };
    node swapped;
    const auto dot = name.rfind('.');
    swapped.name = dot == std::string::npos ? name : name.substr(dot + 1);
    std::vector<std::string_view> known;
    for (const auto& function : all_functions()) known.push_back(function.name);
    for (const auto& other : environment_.other_functions) known.emplace_back(other);
    const auto nearest = config::nearest_name(name, known);
    std::string hint;
    if (!nearest.empty()) {
        hint = "did you mean '" + std::string(nearest) + "'?";
    } else if (dot != std::string::npos && is_there(swapped)) {
        hint = "'" + swapped.name + "' is a function without a namespace";
    } else if (dot != std::string::npos) {
        constexpr std::size_t shown_bytes_max = 160;
        const auto prefix = name.substr(0, dot + 1);
        for (const auto other : known) {
            if (!other.starts_with(prefix) || hint.size() > shown_bytes_max) continue;
            hint += (hint.empty() ? "known are " : ", ") + std::string(other);
        }
        if (hint.size() > shown_bytes_max) hint += ", …";
    }
    report(at.position, "unknown function '" + name + "'", hint);
}

}  // namespace sluice::rules::expression
