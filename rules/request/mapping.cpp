#include "rules/request/mapping.hpp"

#include <algorithm>

#include "rules/definition/literal.hpp"
#include "rules/event/json_scan.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

value not_writable(const char* why)
{
    return value::error(expression::error_kind::no_matching_overload,
                        why != nullptr ? why : "the value has no JSON form");
}

/// The name that a raw key stands for.
std::string_view plain_key(std::string_view raw, event_arena& arena)
{
    if (raw.find('\\') == std::string_view::npos) return raw;
    return expression::unescape_json(raw, arena).value_or(raw);
}

/// Members of a raw object without those that `remove` names, from path element `depth` on.
void copy_members(std::string_view object, const std::vector<const member_path*>& remove,
                  std::size_t depth, const std::vector<std::string>& replaced, event_arena& arena,
                  std::string& into)
{
    json_members walk(object);
    json_member member;
    bool is_first = true;
    while (walk.next(member)) {
        const auto key = plain_key(member.key, arena);
        if (depth == 0 && std::ranges::find(replaced, key) != replaced.end()) continue;
        std::vector<const member_path*> inside;
        bool is_removed = false;
        for (const auto* path : remove) {
            if (path->names[depth] != key) continue;
            if (path->names.size() == depth + 1) is_removed = true;
            inside.push_back(path);
        }
        if (is_removed) continue;
        if (!is_first) into += ',';
        is_first = false;
        into += '"';
        into += member.key;
        into += "\":";
        if (!inside.empty() && member.value.starts_with('{')) {
            into += '{';
            copy_members(member.value, inside, depth + 1, {}, arena, into);
            into += '}';
        } else {
            into += member.value;
        }
    }
}

bool has_member(std::string_view object, std::string_view name, event_arena& arena)
{
    json_members walk(object);
    json_member member;
    while (walk.next(member)) {
        if (plain_key(member.key, arena) == name) return member.value != "null";
    }
    return false;
}

}  // namespace

std::string_view render_state::raw_text(path_set::slot_index slot) const
{
    const auto range = ranges[slot];
    if (range.end <= range.begin) return {};
    const auto root = paths.root_of(slot);
    const auto document = root == path_root::event     ? event_json
                          : root == path_root::request ? request_json
                          : root == path_root::steps   ? steps_json
                                                       : std::string_view{};
    return range.end <= document.size() ? document.substr(range.begin, range.end - range.begin)
                                        : std::string_view{};
}

std::optional<mapped_leaf> mapped_leaf::compile(const source_text& source, scope& names,
                                                std::uint32_t& ordinal, mapping_options options)
{
    auto code = names.compile(source, {}, ordinal);
    if (!code) return std::nullopt;
    ordinal += code->call_ordinals();
    mapped_leaf out;
    out.options_ = options;
    out.plain_ = code->as_plain_path();
    if (out.plain_ && names.parts().paths.root_of(*out.plain_) == path_root::meta)
        out.plain_.reset();
    out.code_ = std::move(*code);
    return out;
}

written mapped_leaf::write(render_state& state, std::string& into) const
{
    if (plain_) {
        // Numbers and texts keep their spelling, also a number that no variable can hold.
        const auto& slot = state.context.slots[*plain_];
        const auto raw = state.raw_text(*plain_);
        if (!raw.empty() && !slot.is_null()) {
            into += raw;
            return written::yes;
        }
    }
    auto made = code_.evaluate(state.context);
    if (made.is(value_kind::optional) && !made.is_none()) made = made.inner();
    if (made.is_error()) return leave_out(made, state, into);
    if (made.is_none() || made.is_null()) {
        if (is_required) return leave_out(made, state, into);
        if (made.is_none() || options_.nulls == null_policy::omit) return written::omitted;
        into += "null";
        return written::yes;
    }
    const auto begin = into.size();
    const char* why = nullptr;
    if (expression::write_json(made, into, &why)) return written::yes;
    into.resize(begin);
    return leave_out(not_writable(why), state, into);
}

written mapped_leaf::leave_out(const value& why, render_state& state, std::string& into) const
{
    const auto describe = [&]() -> std::string {
        if (why.is_null()) return "the value is null, but it is required";
        if (why.is_none()) return "there is no value, but it is required";
        return code_.describe(why);
    };
    if (is_required || options_.on_error == error_policy::fail) {
        state.failure = render_failure{path, describe()};
        return written::failed;
    }
    const bool is_nulled =
        options_.on_error == error_policy::null && options_.nulls == null_policy::keep;
    if (count_index < state.counts.size()) {
        auto& counts = state.counts[count_index];
        ++(why.is_absent() ? counts.absent : counts.error);
    }
    if (state.omitted != nullptr) {
        state.omitted->push_back({path, describe(), why.is_absent(), is_nulled});
    }
    if (!is_nulled) return written::omitted;
    into += "null";
    return written::yes;
}

/// Source tree to nodes: resolves `$use`, gives every leaf its policy, marks what is required.
class mapping::builder {
public:
    builder(const std::vector<member_path>& require, scope& names, std::uint32_t& ordinal,
            std::uint32_t& leaf_count)
        : require_(require),
          names_(names),
          ordinal_(ordinal),
          leaf_count_(leaf_count),
          met_(require.size(), false)
    {
    }

    std::optional<node> build(const map_source& tree, const std::string& path,
                              mapping_options options, int depth = 0)
    {
        node out{
            .path = path, .options = options, .drops_null = options.nulls == null_policy::omit};
        const bool is_required = take_required(path);
        switch (tree.what) {
            case map_source::kind::literal:
                out.json = tree.json;
                return out;
            case map_source::kind::expression: {
                out.what = kind::leaf;
                if (tree.on_error) options.on_error = *tree.on_error;
                out.leaf = mapped_leaf::compile(tree.expression, names_, ordinal_, options);
                if (!out.leaf) return std::nullopt;
                out.leaf->path = path;
                out.leaf->is_required = is_required;
                out.leaf->count_index = leaf_count_++;
                return out;
            }
            case map_source::kind::list:
                return build_list(tree, std::move(out), depth);
            case map_source::kind::use:
                return build_use(tree, path, options, depth);
            case map_source::kind::object:
                return build_object(tree, std::move(out), depth);
        }
        return out;
    }

    /// Paths of `require` that stand nowhere in the tree.
    bool check_required()
    {
        bool is_good = true;
        for (std::size_t i = 0; i < require_.size(); ++i) {
            if (met_[i]) continue;
            names_.problems().error(
                require_[i].where,
                "`require` names '" + require_[i].text() + "', which the map does not make",
                "add it to the map, or take it out of `require`");
            is_good = false;
        }
        return is_good;
    }

private:
    bool take_required(const std::string& path)
    {
        for (std::size_t i = 0; i < require_.size(); ++i) {
            if (require_[i].text() == path) {
                met_[i] = true;
                return true;
            }
        }
        return false;
    }

    std::optional<node> build_list(const map_source& tree, node out, int depth)
    {
        out.what = kind::list;
        bool is_good = true;
        for (std::size_t i = 0; i < tree.items.size(); ++i) {
            auto item = build(tree.items[i], out.path + "[" + std::to_string(i) + "]", out.options,
                              depth + 1);
            is_good = is_good && item.has_value();
            if (item) out.items.push_back(std::move(*item));
        }
        if (!is_good) return std::nullopt;
        return out;
    }

    std::optional<node> build_object(const map_source& tree, node out, int depth)
    {
        out.what = kind::object;
        bool is_good = true;
        for (const auto& [name, child] : tree.members) {
            auto made = build(child, out.path.empty() ? name : out.path + "." + name, out.options,
                              depth + 1);
            is_good = is_good && made.has_value();
            if (!made) continue;
            std::string key;
            append_json_string(key, name);
            out.names.push_back(name);
            out.members.push_back({key + ":", std::move(*made)});
        }
        if (tree.copy) {
            out.copy = names_.compile(*tree.copy, {}, ordinal_);
            is_good = is_good && out.copy.has_value();
            if (out.copy) ordinal_ += out.copy->call_ordinals();
            require_of_copy(out);
        }
        out.remove = tree.remove;
        if (!is_good) return std::nullopt;
        return out;
    }

    /// A required member that only the copied object can bring.
    void require_of_copy(node& out)
    {
        const auto prefix = out.path.empty() ? std::string{} : out.path + ".";
        for (std::size_t i = 0; i < require_.size(); ++i) {
            const auto path = require_[i].text();
            if (met_[i] || !path.starts_with(prefix)) continue;
            const auto rest = path.substr(prefix.size());
            const auto name = rest.substr(0, rest.find('.'));
            if (std::ranges::find(out.names, name) != out.names.end()) continue;
            out.required_of_copy.push_back(name);
            met_[i] = true;
        }
    }

    std::optional<node> build_use(const map_source& tree, const std::string& path,
                                  mapping_options options, int depth)
    {
        const auto* found = names_.find_mapping(tree.use);
        if (found == nullptr || depth > 32) {
            const auto near = config::nearest_name(tree.use, names_.mapping_names());
            names_.problems().error(tree.where,
                                    found == nullptr ? "unknown mapping '" + tree.use + "'"
                                                     : "mapping '" + tree.use + "' uses itself",
                                    near.empty() || found != nullptr
                                        ? "mappings stand in a library named by `include`"
                                        : "did you mean '" + std::string{near} + "'?");
            return std::nullopt;
        }
        if (tree.members.empty()) return build(*found, path, options, depth + 1);
        auto merged = *found;
        for (const auto& [name, child] : tree.members) {
            std::erase_if(merged.members,
                          [&name = name](const auto& m) { return m.first == name; });
            merged.members.push_back({name, child});
        }
        return build(merged, path, options, depth + 1);
    }

    const std::vector<member_path>& require_;
    scope& names_;
    std::uint32_t& ordinal_;
    std::uint32_t& leaf_count_;
    std::vector<bool> met_;
};

std::optional<mapping> mapping::compile(const map_source& tree,
                                        const std::vector<member_path>& require,
                                        mapping_options options, scope& names,
                                        std::uint32_t& ordinal, std::uint32_t& leaf_count)
{
    builder build(require, names, ordinal, leaf_count);
    auto root = build.build(tree, {}, options);
    if (!root || !build.check_required()) return std::nullopt;
    mapping out;
    out.root_ = std::move(*root);
    return out;
}

bool mapping::write(render_state& state, std::string& into) const
{
    const auto made = write_node(root_, state, into);
    if (made == written::omitted) into += "null";
    return made != written::failed;
}

written mapping::write_node(const node& at, render_state& state, std::string& into)
{
    switch (at.what) {
        case kind::literal:
            if (at.drops_null && at.json == "null") return written::omitted;
            into += at.json;
            return written::yes;
        case kind::leaf:
            return at.leaf->write(state, into);
        case kind::object:
            return write_object(at, state, into);
        case kind::list:
            break;
    }
    into += '[';
    bool is_first = true;
    for (const auto& item : at.items) {
        const auto begin = into.size();
        if (!is_first) into += ',';
        const auto made = write_node(item, state, into);
        if (made == written::failed) return made;
        if (made == written::omitted) {
            into.resize(begin);
        } else {
            is_first = false;
        }
    }
    into += ']';
    return written::yes;
}

written mapping::write_object(const node& at, render_state& state, std::string& into)
{
    into += '{';
    const auto empty_size = into.size();
    if (at.copy && !write_copy(at, state, into)) return written::failed;
    for (const auto& [key, member] : at.members) {
        const auto begin = into.size();
        if (begin != empty_size) into += ',';
        into += key;
        const auto made = write_node(member, state, into);
        if (made == written::failed) return made;
        if (made == written::omitted) into.resize(begin);
    }
    into += '}';
    return written::yes;
}

bool mapping::write_copy(const node& at, render_state& state, std::string& into)
{
    const auto fail = [&](const std::string& member, std::string why) {
        state.failure = render_failure{member, std::move(why)};
        return false;
    };
    const auto source = at.copy->evaluate(state.context);
    const auto path = at.path.empty() ? "$copy" : at.path + ".$copy";
    if (!source.is(value_kind::map)) {
        auto why = source.is_error() ? at.copy->describe(source) : "`$copy` needs an object";
        if (at.options.on_error == error_policy::fail || !at.required_of_copy.empty()) {
            return fail(path, std::move(why));
        }
        if (state.omitted != nullptr) {
            state.omitted->push_back({path, std::move(why), source.is_absent(), false});
        }
        return true;
    }
    std::string made;
    std::string_view object = source.is_raw() ? source.text() : std::string_view{};
    if (!source.is_raw()) {
        const char* why = nullptr;
        if (!expression::write_json(source, made, &why)) {
            return fail(path, why != nullptr ? why : "the value has no JSON form");
        }
        object = made;
    }
    for (const auto& name : at.required_of_copy) {
        if (!has_member(object, name, *state.context.arena)) {
            return fail(at.path.empty() ? name : at.path + "." + name,
                        "the copied object has no value for it, but it is required");
        }
    }
    std::vector<const member_path*> remove;
    remove.reserve(at.remove.size());
    for (const auto& gone : at.remove) remove.push_back(&gone);
    copy_members(object, remove, 0, at.names, *state.context.arena, into);
    return true;
}

}  // namespace sluice::rules
