#pragma once
// What is known about the JSON below a name before any event is seen: kinds, members, elements.
// Made from a JSON Schema, read by the checker and the lint only: events are not validated, so the
// compiler never relies on it. Immutable once built; any thread. Shapes refer to each other (a
// schema may be recursive) and belong to the schema they came from.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

/// One bit per value_kind.
using kind_mask = std::uint32_t;
inline constexpr kind_mask every_kind = ~kind_mask{0};

[[nodiscard]] constexpr kind_mask mask_of(value_kind kind)
{
    return kind == value_kind::any ? every_kind : kind_mask{1} << static_cast<std::uint32_t>(kind);
}
[[nodiscard]] constexpr bool has_kind(kind_mask mask, value_kind kind)
{
    return (mask & mask_of(kind)) != 0;
}

struct type_shape {
    kind_mask kinds = every_kind;
    std::map<std::string, const type_shape*, std::less<>> members;
    std::set<std::string, std::less<>> required;
    bool is_open = false;                 ///< may have members that are not named
    const type_shape* other = nullptr;    ///< of members that are not named; null: unknown
    const type_shape* element = nullptr;  ///< of lists; null: unknown
    std::vector<std::string> texts;       ///< not empty: the only texts it may be (enum, const)
    bool is_forbidden = false;            ///< the schema `false`
};

/// One step down: into a member of a map.
struct shape_member {
    const type_shape* shape = nullptr;  ///< null: nothing is known
    bool is_required = false;
    std::string problem, hint;  ///< not empty: there is no such member
};

/// `owner` is the text of what has the shape, for the message: "event.order".
[[nodiscard]] shape_member member_of(const type_shape& shape, std::string_view name,
                                     std::string_view owner);

/// "string or null"
[[nodiscard]] std::string kinds_text(kind_mask kinds);

}  // namespace sluice::rules::expression
