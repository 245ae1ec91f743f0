#include "rules/expression/ast.hpp"

#include <algorithm>

#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

struct named_kind {
    value_kind kind;
    std::string_view name;
};

constexpr named_kind type_names[] = {
    {value_kind::null, "null_type"},
    {value_kind::boolean, "bool"},
    {value_kind::integer, "int"},
    {value_kind::unsigned_integer, "uint"},
    {value_kind::floating, "double"},
    {value_kind::string, "string"},
    {value_kind::bytes, "bytes"},
    {value_kind::list, "list"},
    {value_kind::map, "map"},
    {value_kind::timestamp, "google.protobuf.Timestamp"},
    {value_kind::duration, "google.protobuf.Duration"},
    {value_kind::type, "type"},
    {value_kind::optional, "optional_type"},
    {value_kind::ip, "net.IP"},
    {value_kind::cidr, "net.CIDR"},
};

void substitute_in(node_ptr& at, std::string_view name, const node& by)
{
    if (at->kind == node_kind::identifier) {
        if (at->name == name && !at->absolute) at = clone(by);
        return;
    }
    const auto& bound = at->variables;
    const bool shadowed = std::find(bound.begin(), bound.end(), name) != bound.end();
    for (std::size_t i = 0; i < at->children.size(); ++i) {
        // The first operand of a macro (range, initializer) is outside its variables' scope.
        if (shadowed && i > 0) break;
        substitute_in(at->children[i], name, by);
    }
    std::uint32_t height = 0;
    for (const auto& child : at->children) height = std::max(height, child->height);
    at->height = height + 1;
}

}  // namespace

std::string_view type_name(value_kind kind)
{
    for (const auto& entry : type_names) {
        if (entry.kind == kind) return entry.name;
    }
    return kind == value_kind::error ? "error" : "dyn";
}

value_kind type_named(std::string_view name)
{
    for (const auto& entry : type_names) {
        if (entry.name == name) return entry.kind;
    }
    return value_kind::any;
}

std::string_view error_kind_name(error_kind kind)
{
    static constexpr std::string_view names[] = {
        "no_such_key",      "index_out_of_bounds", "no_matching_overload",
        "unknown_variable", "unknown_function",    "division_by_zero",
        "overflow",         "out_of_range",        "invalid_argument",
        "duplicate_key",    "invalid_key_type",    "invalid_utf8",
        "none_dereference", "limit_exceeded"};
    return names[static_cast<std::size_t>(kind)];
}

node_ptr clone(const node& source)
{
    auto made = std::make_unique<node>();
    made->kind = source.kind;
    made->op = source.op;
    made->macro = source.macro;
    made->type = source.type;
    made->absolute = source.absolute;
    made->optional = source.optional;
    made->presence = source.presence;
    made->position = source.position;
    made->height = source.height;
    made->name = source.name;
    made->constant = source.constant;
    made->optional_entries = source.optional_entries;
    made->variables = source.variables;
    made->root = source.root;
    made->path = source.path;
    made->slot = source.slot;
    made->variable = source.variable;
    made->shape = source.shape;
    made->schema_kinds = source.schema_kinds;
    made->is_certain = source.is_certain;
    made->children.reserve(source.children.size());
    for (const auto& child : source.children) made->children.push_back(clone(*child));
    return made;
}

tree clone(const tree& source)
{
    tree made;
    made.root = clone(*source.root);
    made.text = source.text;
    // New constants go to an arena of the copy: two copies may be folded by two threads.
    made.memory.push_back(std::make_shared<event_arena>(512));
    made.memory.insert(made.memory.end(), source.memory.begin(), source.memory.end());
    return made;
}

void substitute(tree& into, std::string_view name, const tree& by)
{
    substitute_in(into.root, name, *by.root);
    into.memory.insert(into.memory.end(), by.memory.begin(), by.memory.end());
}

text_place place_of(std::string_view text, source_offset offset)
{
    text_place place;
    const auto before = text.substr(0, std::min<std::size_t>(offset, text.size()));
    place.line += static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
    const auto line_start = before.rfind('\n');
    const auto in_line =
        line_start == std::string_view::npos ? before : before.substr(line_start + 1);
    place.column += static_cast<std::uint32_t>(count_code_points(in_line));
    return place;
}

std::string_view operator_text(operator_kind op)
{
    static constexpr std::string_view texts[] = {
        "",   "&&", "||", "!",  "-", "?:", "==", "!=", "<",
        "<=", ">",  ">=", "in", "+", "-",  "*",  "/",  "%"};
    return texts[static_cast<std::size_t>(op)];
}

}  // namespace sluice::rules::expression
