#pragma once
// The tree of one expression: made by the parser (macros already expanded to nodes of their own),
// annotated by the checker, shortened by folding, read by the compiler, by explain and by the rule
// compiler. Values of literals live in `tree::memory`. Mutable while compiling, then never changed
// again.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/expression/type_shape.hpp"
#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

enum class node_kind : std::uint8_t {
    literal,     ///< `constant`
    identifier,  ///< `name`; `absolute` with a leading dot
    select,      ///< children[0] . name; `optional` for .?name; `presence` for has(…)
    index,       ///< children[0] [ children[1] ]; `optional` for [?…]
    call,        ///< name(children…); operators have names such as "_+_"
    method,      ///< children[0].name(children[1…])
    list,        ///< children; optional elements in `optional_entries`
    map,    ///< key, value, key, value, …; optional entries in `optional_entries`, one per pair
    macro,  ///< `macro`, bound names in `variables`, operands in children
    path,   ///< a chain of fields that the path resolver took: `slot`, `path`
};

enum class macro_kind : std::uint8_t {
    none,
    all,
    exists,
    exists_one,  ///< range, predicate
    map,
    filter,  ///< range, [predicate,] transform; filter: range, predicate
    transform_list,
    transform_map,        ///< range, [predicate,] transform
    transform_map_entry,  ///< range, [predicate,] map literal
    sort_by,              ///< range, key
    bind,                 ///< initializer, body
    opt_map,
    opt_flat_map,   ///< optional, body
    default_value,  ///< operand, fallback
    coalesce,       ///< operands
};

/// Operators as calls: children are the operands, `&&` and `||` are n-ary.
enum class operator_kind : std::uint8_t {
    none,
    logical_and,
    logical_or,
    logical_not,
    negate,
    conditional,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
    add,
    subtract,
    multiply,
    divide,
    modulo,
};

using slot_index = std::uint32_t;

struct path_step {
    std::string name;
    bool optional = false;  ///< written .?name or [?'name']
    source_offset position = 0;
};

struct node;
using node_ptr = std::unique_ptr<node>;

struct node {
    node_kind kind = node_kind::literal;
    operator_kind op = operator_kind::none;  ///< of calls that are operators
    macro_kind macro = macro_kind::none;
    value_kind type = value_kind::any;  ///< static type; `any` when unknown (dyn)
    bool absolute = false, optional = false, presence = false;
    source_offset position = 0;
    std::uint32_t height = 1;
    std::string name;
    value constant;
    std::vector<node_ptr> children;
    std::vector<bool> optional_entries;
    std::vector<std::string> variables;  ///< one or two loop variables, or the bound name
    std::string root;                    ///< path: the declared root variable
    std::vector<path_step> path;
    slot_index slot = 0;
    std::optional<std::uint32_t> variable;  ///< identifier: index of the declared variable
    // What a schema says; for checks only, since events are not validated.
    const type_shape* shape = nullptr;
    kind_mask schema_kinds = every_kind;
    bool is_certain = false;  ///< paths, variables: never absent in a valid event

    /// What it may be: by its type, else by a schema.
    [[nodiscard]] kind_mask kinds() const
    {
        return type == value_kind::any ? schema_kinds : mask_of(type);
    }
    void take_shape(const type_shape* known)
    {
        shape = known;
        schema_kinds = known == nullptr ? every_kind : known->kinds;
    }

    [[nodiscard]] bool is_operator(operator_kind k) const
    {
        return kind == node_kind::call && op == k;
    }
    [[nodiscard]] bool is_literal() const { return kind == node_kind::literal; }
};

/// A parsed expression: tree, text (for positions) and the memory of its literals.
struct tree {
    node_ptr root;
    std::shared_ptr<const std::string> text;
    std::vector<std::shared_ptr<event_arena>> memory;  ///< [0] takes new constants
};

[[nodiscard]] node_ptr clone(const node& source);
[[nodiscard]] tree clone(const tree& source);

/// Replaces every free identifier `name` by a copy of `by`, loop variables of the same name shadow
/// it: how a library function is expanded in place. The memory of `by` joins `into`.
void substitute(tree& into, std::string_view name, const tree& by);

/// Line and column (from 1, in code points) of an offset.
struct text_place {
    std::uint32_t line = 1, column = 1;
};
[[nodiscard]] text_place place_of(std::string_view text, source_offset offset);

/// The source form of an operator ("==", "&&"); empty for none.
[[nodiscard]] std::string_view operator_text(operator_kind op);

}  // namespace sluice::rules::expression
