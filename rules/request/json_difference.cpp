// json_difference() of rule_tests.hpp.
#include <fmt/format.h>

#include "rules/expression/json_reader.hpp"
#include "rules/expression/printer.hpp"
#include "rules/rule_tests.hpp"

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

const value* find_entry(const value& map, std::string_view key)
{
    for (const auto& entry : map.entries()) {
        if (entry.key.text() == key) return &entry.item;
    }
    return nullptr;
}

std::string shown(const value& v)
{
    return expression::to_display_text(v, 120);
}

bool same_scalar(const value& a, const value& b)
{
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case value_kind::string:
            return a.text() == b.text();
        case value_kind::floating:
            return a.as_double() == b.as_double();
        case value_kind::integer:
            return a.as_int() == b.as_int();
        case value_kind::unsigned_integer:
            return a.as_uint() == b.as_uint();
        case value_kind::boolean:
            return a.as_bool() == b.as_bool();
        default:
            return true;
    }
}

std::string difference(const value& wanted_raw, const value& got_raw, const std::string& path,
                       bool is_subset, event_arena& arena)
{
    const auto wanted = expression::decode_json(wanted_raw, arena);
    const auto got = expression::decode_json(got_raw, arena);
    const auto place = path.empty() ? std::string{"body"} : path;
    if (wanted.kind() == value_kind::list && got.kind() == value_kind::list) {
        if (wanted.items().size() != got.items().size()) {
            return fmt::format("{}: wanted {} elements, got {}", place, wanted.items().size(),
                               got.items().size());
        }
        for (std::size_t i = 0; i < wanted.items().size(); ++i) {
            auto found = difference(wanted.items()[i], got.items()[i],
                                    fmt::format("{}[{}]", path, i), is_subset, arena);
            if (!found.empty()) return found;
        }
        return {};
    }
    if (wanted.kind() != value_kind::map || got.kind() != value_kind::map) {
        if (same_scalar(wanted, got)) return {};
        return fmt::format("{}: wanted {}, got {}", place, shown(wanted), shown(got));
    }
    const auto below = [&](std::string_view key) {
        return path.empty() ? std::string{key} : path + "." + std::string{key};
    };
    for (const auto& [key, item] : wanted.entries()) {
        const auto* other = find_entry(got, key.text());
        if (other == nullptr)
            return fmt::format("{}: wanted {}, got nothing", below(key.text()), shown(item));
        auto found = difference(item, *other, below(key.text()), is_subset, arena);
        if (!found.empty()) return found;
    }
    if (is_subset) return {};
    for (const auto& [key, item] : got.entries()) {
        if (find_entry(wanted, key.text()) == nullptr) {
            return fmt::format("{}: not wanted, got {}", below(key.text()), shown(item));
        }
    }
    return {};
}

}  // namespace

std::string json_difference(std::string_view wanted, std::string_view got, bool is_subset)
{
    event_arena arena;
    const auto a = expression::read_json(wanted, arena);
    const auto b = expression::read_json(got, arena);
    if (!a) return "body: the expected text is no JSON";
    if (!b) return "body: wanted JSON, got '" + std::string{got.substr(0, 200)} + "'";
    return difference(*a, *b, {}, is_subset, arena);
}

}  // namespace sluice::rules
