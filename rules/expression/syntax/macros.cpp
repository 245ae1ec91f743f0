#include "rules/expression/syntax/macros.hpp"

#include <array>

namespace sluice::rules::expression {

namespace {

// A macro with a range (or optional) as receiver: how many arguments, how many of them are
// variables.
struct shape {
    std::string_view name;
    std::size_t arguments;
    std::size_t variables;
    macro_kind kind;
};

constexpr shape shapes[] = {
    {"all", 2, 1, macro_kind::all},
    {"exists", 2, 1, macro_kind::exists},
    {"exists_one", 2, 1, macro_kind::exists_one},
    {"existsOne", 2, 1, macro_kind::exists_one},
    {"map", 2, 1, macro_kind::map},
    {"map", 3, 1, macro_kind::map},
    {"filter", 2, 1, macro_kind::filter},
    {"sortBy", 2, 1, macro_kind::sort_by},
    {"optMap", 2, 1, macro_kind::opt_map},
    {"optFlatMap", 2, 1, macro_kind::opt_flat_map},
    {"all", 3, 2, macro_kind::all},
    {"exists", 3, 2, macro_kind::exists},
    {"exists_one", 3, 2, macro_kind::exists_one},
    {"existsOne", 3, 2, macro_kind::exists_one},
    {"transformList", 3, 2, macro_kind::transform_list},
    {"transformList", 4, 2, macro_kind::transform_list},
    {"transformMap", 3, 2, macro_kind::transform_map},
    {"transformMap", 4, 2, macro_kind::transform_map},
    {"transformMapEntry", 3, 2, macro_kind::transform_map_entry},
    {"transformMapEntry", 4, 2, macro_kind::transform_map_entry},
};

bool is_simple_name(const node& n)
{
    return n.kind == node_kind::identifier && !n.absolute;
}

// Takes the bound names out of the children [first, first + count).
std::optional<macro_problem> take_variables(node& call, std::size_t first, std::size_t count)
{
    for (std::size_t i = first; i < first + count; ++i) {
        const auto& variable = *call.children[i];
        if (!is_simple_name(variable)) {
            return macro_problem{variable.position,
                                 "'" + call.name + "' needs a simple variable name here"};
        }
        call.variables.push_back(variable.name);
    }
    if (count == 2 && call.variables[0] == call.variables[1]) {
        return macro_problem{call.children[first + 1]->position,
                             "the two variables need different names"};
    }
    const auto begin = call.children.begin() + static_cast<std::ptrdiff_t>(first);
    call.children.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    return std::nullopt;
}

std::optional<macro_problem> expand_has(node_ptr& call)
{
    auto& operand = call->children[0];
    if (operand->kind != node_kind::select || operand->presence) {
        return macro_problem{operand->position,
                             "has() takes a field selection such as has(event.user.id)"};
    }
    operand->presence = true;
    auto select = std::move(operand);
    call = std::move(select);
    return std::nullopt;
}

std::optional<macro_problem> expand_method(node_ptr& call)
{
    const auto arguments = call->children.size() - 1;
    const auto& target = *call->children[0];
    if (call->name == "bind" && arguments == 3 && is_simple_name(target) && target.name == "cel") {
        call->children.erase(call->children.begin());
        call->kind = node_kind::macro;
        call->macro = macro_kind::bind;
        return take_variables(*call, 0, 1);
    }
    for (const auto& candidate : shapes) {
        if (candidate.name != call->name || candidate.arguments != arguments) continue;
        call->kind = node_kind::macro;
        call->macro = candidate.kind;
        if (auto problem = take_variables(*call, 1, candidate.variables)) return problem;
        if (candidate.kind == macro_kind::transform_map_entry &&
            call->children.back()->kind != node_kind::map) {
            return macro_problem{call->children.back()->position,
                                 "transformMapEntry() needs a map literal such as {key: value}"};
        }
        return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::optional<macro_problem> expand_macro(node_ptr& call)
{
    if (call->kind == node_kind::method) return expand_method(call);
    if (call->kind != node_kind::call || call->op != operator_kind::none || call->absolute) {
        return std::nullopt;
    }
    const auto arguments = call->children.size();
    if (call->name == "has" && arguments == 1) return expand_has(call);
    if (call->name == "default" && arguments == 2) {
        call->kind = node_kind::macro;
        call->macro = macro_kind::default_value;
    } else if (call->name == "coalesce" && arguments >= 1) {
        if (arguments > 32)
            return macro_problem{call->position, "coalesce() takes up to 32 operands"};
        call->kind = node_kind::macro;
        call->macro = macro_kind::coalesce;
    }
    return std::nullopt;
}

}  // namespace sluice::rules::expression
