#include "rules/expression/type_shape.hpp"

#include <algorithm>

#include "config/diagnostic.hpp"

namespace sluice::rules::expression {

namespace {

std::string quoted(std::string_view text)
{
    return "'" + std::string(text) + "'";
}

}  // namespace

shape_member member_of(const type_shape& shape, std::string_view name, std::string_view owner)
{
    shape_member found;
    if (shape.kinds != every_kind && !has_kind(shape.kinds, value_kind::map)) {
        found.problem = std::string(owner) + " is " + kinds_text(shape.kinds) +
                        " by the schema, it has no field " + quoted(name);
        return found;
    }
    const auto known = shape.members.find(name);
    if (known != shape.members.end() && !known->second->is_forbidden) {
        found.shape = known->second;
        const bool is_map = shape.kinds == mask_of(value_kind::map);
        found.is_required = is_map && shape.required.contains(name);
        return found;
    }
    found.shape = shape.other;
    if (known == shape.members.end() && (shape.is_open || shape.members.empty())) return found;
    std::vector<std::string_view> names;
    for (const auto& [other, ignored] : shape.members) names.emplace_back(other);
    const auto near = config::nearest_name(name, names);
    found.problem = "the schema has no field " + quoted(name) + " in " + std::string(owner);
    found.hint = near.empty() || near == name
                     ? "add it to the schema, or write additionalProperties: true there"
                     : "did you mean " + quoted(near) + "?";
    return found;
}

std::string kinds_text(kind_mask kinds)
{
    if (kinds == every_kind) return "dyn";
    std::string text;
    const auto add = [&](std::string_view name) {
        text += (text.empty() ? "" : " or ") + std::string(name);
    };
    constexpr auto numbers = mask_of(value_kind::integer) | mask_of(value_kind::unsigned_integer) |
                             mask_of(value_kind::floating);
    constexpr auto whole = mask_of(value_kind::integer) | mask_of(value_kind::unsigned_integer);
    auto left = kinds;
    if ((left & numbers) == numbers) {
        add("number");
        left &= ~numbers;
    } else if ((left & whole) == whole) {
        add("int");
        left &= ~whole;
    }
    for (auto kind = static_cast<std::uint32_t>(value_kind::boolean);
         kind <= static_cast<std::uint32_t>(value_kind::cidr); ++kind) {
        const auto one = static_cast<value_kind>(kind);
        if (has_kind(left, one)) add(type_name(one));
    }
    if (has_kind(left, value_kind::null)) add("null");
    return text.empty() ? "nothing" : text;
}

}  // namespace sluice::rules::expression
