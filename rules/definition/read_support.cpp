#include "rules/definition/read_support.hpp"

#include <algorithm>

#include "rules/definition/literal.hpp"

namespace sluice::rules {
namespace {

constexpr std::string_view kind_text(config::node_kind kind)
{
    switch (kind) {
        case config::node_kind::null:
            return "nothing";
        case config::node_kind::scalar:
            return "a text";
        case config::node_kind::list:
            return "a list";
        case config::node_kind::map:
            return "a map";
    }
    return "something else";
}

bool names_a_secret(std::string_view text)
{
    return text.find("${env:") != std::string_view::npos ||
           text.find("${file:") != std::string_view::npos;
}

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

}  // namespace

std::string member_path::text() const
{
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : ".") + name;
    return out;
}

void refuse_unknown_keys(const config::node& map, std::initializer_list<std::string_view> known,
                         std::string_view what, diagnostics& problems)
{
    const std::vector<std::string_view> names(known);
    for (const auto& [key, value] : map.members) {
        if (std::ranges::find(names, key.text) != names.end()) continue;
        const auto near = config::nearest_name(key.text, names);
        std::string list;
        for (const auto name : names) list += (list.empty() ? "" : ", ") + std::string{name};
        problems.error(
            key.where, "unknown key '" + key.text + "' in " + std::string{what},
            near.empty() ? "known keys are " + list : "did you mean '" + std::string{near} + "'?");
    }
}

bool expect_map(const config::node& value, std::string_view what, diagnostics& problems)
{
    if (value.is_map()) return true;
    problems.error(value.where,
                   std::string{what} + " must be a map, not " + std::string{kind_text(value.kind)});
    return false;
}

bool expect_list(const config::node& value, std::string_view what, diagnostics& problems)
{
    if (value.is_list()) return true;
    problems.error(value.where, std::string{what} + " must be a list, not " +
                                    std::string{kind_text(value.kind)});
    return false;
}

std::optional<source_text> read_text(const config::node& map, std::string_view key,
                                     diagnostics& problems)
{
    const auto* value = map.find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_scalar()) {
        problems.error(value->where, "`" + std::string{key} + "` must be a text, not " +
                                         std::string{kind_text(value->kind)});
        return std::nullopt;
    }
    return text_of(*value);
}

std::optional<source_text> read_expression(const config::node& scalar, std::string_view what,
                                           diagnostics& problems)
{
    if (!scalar.is_scalar()) {
        problems.error(scalar.where,
                       std::string{what} + " must be an expression, not " +
                           std::string{kind_text(scalar.kind)},
                       "write the expression as text");
        return std::nullopt;
    }
    if (names_a_secret(scalar.text)) {
        problems.error(scalar.where, std::string{what} + " names a secret",
                       "secrets belong to destinations (`headers`, `auth`), rules never see them");
        return std::nullopt;
    }
    return text_of(scalar);
}

std::optional<source_text> read_expression(const config::node& map, std::string_view key,
                                           std::string_view what, diagnostics& problems)
{
    const auto* value = map.find(key);
    if (value == nullptr) return std::nullopt;
    return read_expression(*value, what, problems);
}

bool read_bool(const config::node& map, std::string_view key, bool otherwise, diagnostics& problems)
{
    const auto* value = map.find(key);
    if (value == nullptr) return otherwise;
    if (is_json_literal(*value)) {
        const auto json = to_json(*value);
        if (json == "true") return true;
        if (json == "false") return false;
    }
    problems.error(value->where, "`" + std::string{key} + "` must be true or false");
    return otherwise;
}

std::vector<named_source> read_names(const config::node& map, std::string_view key,
                                     diagnostics& problems)
{
    std::vector<named_source> names;
    const auto* value = map.find(key);
    if (value == nullptr) return names;
    const auto add = [&](const config::node& item) {
        if (item.is_scalar() && !item.text.empty()) {
            names.push_back({item.text, item.where});
        } else {
            problems.error(item.where,
                           "`" + std::string{key} + "` takes a text or a list of texts");
        }
    };
    if (value->is_list()) {
        for (const auto& item : value->items) add(item);
    } else {
        add(*value);
    }
    return names;
}

std::vector<member_path> read_paths(const config::node& map, std::string_view key,
                                    diagnostics& problems)
{
    std::vector<member_path> paths;
    for (const auto& name : read_names(map, key, problems)) {
        member_path path{.names = {}, .where = name.where};
        std::size_t from = 0;
        while (true) {
            const auto dot = name.name.find('.', from);
            path.names.push_back(name.name.substr(from, dot - from));
            if (dot == std::string::npos) break;
            from = dot + 1;
        }
        paths.push_back(std::move(path));
    }
    return paths;
}

bool is_identifier(std::string_view text)
{
    return !text.empty() && is_letter(text.front()) &&
           std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_rule_name(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '-';
    });
}

std::optional<error_policy> read_error_policy(const config::node& map, std::string_view key,
                                              diagnostics& problems)
{
    const auto* value = map.find(key);
    if (value != nullptr && is_json_literal(*value) && to_json(*value) == "null") {
        return error_policy::null;  // a bare `null` of YAML means the word here
    }
    return read_choice<error_policy>(
        map, key,
        {{"omit", error_policy::omit}, {"null", error_policy::null}, {"fail", error_policy::fail}},
        problems);
}

std::optional<null_policy> read_null_policy(const config::node& map, diagnostics& problems)
{
    return read_choice<null_policy>(
        map, "nulls", {{"keep", null_policy::keep}, {"omit", null_policy::omit}}, problems);
}

}  // namespace sluice::rules
