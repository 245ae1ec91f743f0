#include "rules/definition/request_reader.hpp"

#include <algorithm>

#include "rules/definition/literal.hpp"

namespace sluice::rules {
namespace {

map_source read_const_tree(const config::node& tree)
{
    map_source out{.where = tree.where};
    if (tree.is_map()) {
        out.what = map_source::kind::object;
        for (const auto& [key, value] : tree.members) {
            out.members.push_back({key.text, read_const_tree(value)});
            out.members.back().second.where = key.where;
        }
        return out;
    }
    out.json = to_json(tree);
    return out;
}

map_source read_leaf_with_policy(const config::node& tree, diagnostics& problems)
{
    map_source out{.what = map_source::kind::expression, .where = tree.where};
    refuse_unknown_keys(tree, {"$expr", "$on_error"}, "a leaf with `$expr`", problems);
    out.expression = read_expression(tree, "$expr", "`$expr`", problems).value_or(source_text{});
    out.on_error = read_error_policy(tree, "$on_error", problems);
    return out;
}

map_source read_object(const config::node& tree, diagnostics& problems)
{
    map_source out{.what = map_source::kind::object, .where = tree.where};
    for (const auto& [key, value] : tree.members) {
        if (key.text == "$copy") {
            out.copy = read_expression(value, "`$copy`", problems);
        } else if (key.text == "$remove") {
            out.remove = read_paths(tree, "$remove", problems);
        } else if (key.text == "$use") {
            out.what = map_source::kind::use;
            if (value.is_scalar()) {
                out.use = value.text;
            } else {
                problems.error(value.where, "`$use` must name a mapping of a library",
                               "write `$use: library.mapping`");
            }
        } else if (key.text.starts_with('$')) {
            static const std::vector<std::string_view> known{"$expr", "$on_error", "$copy",
                                                             "$remove", "$use"};
            const auto near = config::nearest_name(key.text, known);
            problems.error(key.where, "unknown directive '" + key.text + "' in a map",
                           near.empty() ? "a member that starts with $ can be made by an `output`"
                                        : "did you mean '" + std::string{near} + "'?");
        } else {
            out.members.push_back({key.text, read_map_tree(value, problems)});
        }
    }
    if (!out.remove.empty() && !out.copy) {
        problems.error(tree.where, "`$remove` without `$copy` has nothing to remove from");
    }
    return out;
}

/// Adds the members of a `const` tree; a leaf that both trees have is an error.
void merge_const(map_source& into, const map_source& constants, const std::string& path,
                 diagnostics& problems)
{
    for (const auto& [name, value] : constants.members) {
        const auto at = std::ranges::find_if(
            into.members, [&name = name](const auto& m) { return m.first == name; });
        const auto member = path.empty() ? name : path + "." + name;
        if (at == into.members.end()) {
            into.members.push_back({name, value});
        } else if (at->second.what == map_source::kind::object &&
                   value.what == map_source::kind::object) {
            merge_const(at->second, value, member, problems);
        } else {
            problems.error(value.where, "'" + member + "' stands in both `const` and `map`",
                           "remove one of them");
        }
    }
}

bool is_object_like(const map_source& tree)
{
    return tree.what == map_source::kind::object || tree.what == map_source::kind::use;
}

/// Keys of the tree in the order of the file: constants first, as they usually are written.
std::optional<map_source> read_trees(const config::node& body, diagnostics& problems)
{
    const auto* map = body.find("map");
    const auto* constants = body.find("const");
    if (constants != nullptr && !expect_map(*constants, "`const`", problems)) constants = nullptr;
    if (map == nullptr && constants == nullptr) return std::nullopt;
    if (map == nullptr) return read_const_tree(*constants);
    if (!expect_map(*map, "`map`", problems)) return std::nullopt;
    auto tree = read_map_tree(*map, problems);
    if (constants == nullptr) return tree;
    if (!is_object_like(tree)) {
        problems.error(constants->where, "`const` needs a `map` that is an object");
        return tree;
    }
    auto merged = read_const_tree(*constants);
    auto map_members = std::move(tree.members);
    tree.members.clear();
    merge_const(tree, merged, {}, problems);
    for (auto& [name, value] : map_members) {
        const auto at = std::ranges::find_if(
            tree.members, [&name = name](const auto& m) { return m.first == name; });
        if (at == tree.members.end()) {
            tree.members.push_back({name, std::move(value)});
        } else if (value.what == map_source::kind::object &&
                   at->second.what == map_source::kind::object) {
            const auto constant = std::move(at->second);
            at->second = std::move(value);
            merge_const(at->second, constant, name, problems);
        } else {
            problems.error(at->second.where, "'" + name + "' stands in both `const` and `map`",
                           "remove one of them");
        }
    }
    return tree;
}

std::vector<std::pair<named_source, source_text>> read_texts(const config::node& request,
                                                             std::string_view key,
                                                             diagnostics& problems)
{
    std::vector<std::pair<named_source, source_text>> out;
    const auto* value = request.find(key);
    if (value == nullptr || !expect_map(*value, "`" + std::string{key} + "`", problems)) return out;
    for (const auto& [name, text] : value->members) {
        auto source =
            read_expression(text, "`" + std::string{key} + "." + name.text + "`", problems);
        if (source) out.push_back({{name.text, name.where}, std::move(*source)});
    }
    return out;
}

}  // namespace

map_source read_map_tree(const config::node& tree, diagnostics& problems)
{
    map_source out{.where = tree.where};
    switch (tree.kind) {
        case config::node_kind::null:
            out.json = "null";
            return out;
        case config::node_kind::scalar:
            if (is_json_literal(tree)) {
                out.json = to_json(tree);
                return out;
            }
            out.what = map_source::kind::expression;
            out.expression =
                read_expression(tree, "a member of `map`", problems).value_or(source_text{});
            return out;
        case config::node_kind::list:
            out.what = map_source::kind::list;
            for (const auto& item : tree.items) out.items.push_back(read_map_tree(item, problems));
            return out;
        case config::node_kind::map:
            if (tree.find("$expr") != nullptr || tree.find("$on_error") != nullptr) {
                return read_leaf_with_policy(tree, problems);
            }
            return read_object(tree, problems);
    }
    return out;
}

body_source read_body(const config::node& body, diagnostics& problems)
{
    body_source out{.where = body.where};
    if (!expect_map(body, "`body`", problems)) return out;
    refuse_unknown_keys(body, {"map", "const", "output", "require", "format"}, "`body`", problems);
    out.tree = read_trees(body, problems);
    out.output = read_expression(body, "output", "`output`", problems);
    if (out.output && out.tree) {
        problems.error(body.find_key("output")->where,
                       "`output` makes the whole body, `map` and `const` can't stand beside it",
                       "keep one of them");
    }
    out.require = read_paths(body, "require", problems);
    out.format =
        read_choice<body_format>(
            body, "format",
            {{"json", body_format::json}, {"form", body_format::form}, {"text", body_format::text}},
            problems)
            .value_or(body_format::json);
    if (out.format == body_format::text && !out.output) {
        problems.error(body.where,
                       "`format: text` needs `output`, an expression that gives a string");
    }
    if (out.format == body_format::form && !out.tree && !out.output) {
        problems.error(body.where, "`format: form` needs a `map` or an `output`");
    }
    return out;
}

request_source read_request(const config::node& request, diagnostics& problems)
{
    request_source out;
    if (!expect_map(request, "`request`", problems)) return out;
    refuse_unknown_keys(request, {"method", "path", "query", "headers", "body", "key"}, "`request`",
                        problems);
    out.method = read_expression(request, "method", "`method`", problems);
    out.path = read_expression(request, "path", "`path`", problems);
    out.query = read_texts(request, "query", problems);
    out.headers = read_texts(request, "headers", problems);
    if (const auto* body = request.find("body")) out.body = read_body(*body, problems);
    out.key = read_expression(request, "key", "`key`", problems);
    return out;
}

}  // namespace sluice::rules
