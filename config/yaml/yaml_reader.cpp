#include "config/yaml/yaml_reader.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "config/yaml/source_text.hpp"

namespace sluice::config {
namespace {

/// Leaves yaml-cpp's parser after a problem that makes the rest meaningless; never leaves this
/// file.
struct stop_reading {};

std::size_t count_nodes(const node& value)
{
    std::size_t count = 1;
    for (const auto& item : value.items) count += count_nodes(item);
    for (const auto& [key, member] : value.members) count += 1 + count_nodes(member);
    return count;
}

std::size_t depth_of(const node& value)
{
    std::size_t deepest = 0;
    for (const auto& item : value.items) deepest = std::max(deepest, depth_of(item));
    for (const auto& [key, member] : value.members) deepest = std::max(deepest, depth_of(member));
    return deepest + (value.is_list() || value.is_map() ? 1 : 0);
}

/// Builds the tree from yaml-cpp's events. A container is open from its start to its end event; a
/// map waits alternately for a key and for a value.
class tree_builder final : public YAML::EventHandler {
public:
    tree_builder(const source_text& source, const yaml_limits& limits, diagnostics& problems)
        : source_(source), limits_(limits), problems_(problems)
    {
    }

    [[nodiscard]] std::optional<node> take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override
    {
        if (!has_document_) return;
        stop(place(mark), "a second YAML document begins here",
             "keep one document a file: remove the line '---' or split the file");
    }
    void OnDocumentEnd() override { has_document_ = true; }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        node value;
        value.where = place(mark);
        finish(std::move(value), anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override
    {
        node value;
        value.kind = node_kind::scalar;
        value.where = source_.behind_properties(place(mark));
        value.text = text;
        value.is_quoted = tag != "?" && tag != "";
        check_tag(value.where, tag, "tag:yaml.org,2002:str");
        source_.place_text(value);
        finish(std::move(value), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        check_tag(place(mark), tag, "tag:yaml.org,2002:seq");
        open(node_kind::list, mark, anchor);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        check_tag(place(mark), tag, "tag:yaml.org,2002:map");
        open(node_kind::map, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            stop(place(mark), "this alias stands inside the value that it refers to",
                 "repeat the value or give the anchor to a smaller part");
        }
        count(place(mark), count_nodes(found->second));
        if (open_.size() + depth_of(found->second) > limits_.depth_max) too_deep(place(mark));
        finish(found->second, 0);
    }

private:
    struct container {
        node value;
        std::optional<node> key;   ///< of the member whose value comes next
        std::vector<node> merged;  ///< values of `<<`
        YAML::anchor_t anchor = 0;
    };

    source_location place(const YAML::Mark& mark) const
    {
        return source_.at(static_cast<std::uint32_t>(mark.line + 1),
                          static_cast<std::uint32_t>(mark.column + 1));
    }

    [[noreturn]] void stop(source_location where, std::string message, std::string hint)
    {
        problems_.error(std::move(where), std::move(message), std::move(hint));
        throw stop_reading{};
    }

    [[noreturn]] void too_deep(source_location where)
    {
        stop(std::move(where),
             fmt::format("lists and maps are nested more than {} deep", limits_.depth_max),
             "flatten the structure");
    }

    void count(const source_location& where, std::size_t added)
    {
        node_count_ += added;
        if (node_count_ <= limits_.nodes_max) return;
        stop(where,
             fmt::format("the file has more than {} values, aliases expanded", limits_.nodes_max),
             "split the file or use fewer aliases");
    }

    void check_tag(const source_location& where, const std::string& tag, std::string_view allowed)
    {
        if (tag.empty() || tag == "?" || tag == "!" || tag == allowed) return;
        problems_.error(where, fmt::format("the YAML tag '{}' is not supported", tag),
                        "remove the tag; quote a value that has to be text");
    }

    void open(node_kind kind, const YAML::Mark& mark, YAML::anchor_t anchor)
    {
        container opened;
        opened.value.kind = kind;
        opened.value.where = source_.behind_properties(place(mark));
        opened.anchor = anchor;
        if (open_.size() >= limits_.depth_max) too_deep(opened.value.where);
        open_.push_back(std::move(opened));
    }

    void close()
    {
        container closed = std::move(open_.back());
        open_.pop_back();
        for (const node& merged : closed.merged) merge(closed.value, merged);
        finish(std::move(closed.value), closed.anchor);
    }

    /// A complete value goes to the container around it.
    void finish(node value, YAML::anchor_t anchor)
    {
        count(value.where, 1);
        if (anchor != 0) anchors_[anchor] = value;
        if (open_.empty()) {
            root_ = std::move(value);
            return;
        }
        container& parent = open_.back();
        if (parent.value.is_list()) {
            parent.value.items.push_back(std::move(value));
        } else if (!parent.key) {
            take_key(parent, std::move(value));
        } else {
            take_member(parent, std::move(value));
        }
    }

    void take_key(container& parent, node key)
    {
        if (!key.is_scalar()) {
            problems_.error(key.where, "a key has to be a plain text",
                            "write 'key: value'; lists and maps can't be keys");
            key = node{};
        }
        parent.key = std::move(key);
    }

    void take_member(container& parent, node value)
    {
        node key = std::move(*parent.key);
        parent.key.reset();
        if (!key.is_scalar()) return;  // reported by take_key
        // an empty value has no place of its own: yaml-cpp gives that of the next token
        if (value.is_null() && value.where.line != key.where.line) value.where = key.where;
        if (key.text == "<<" && !key.is_quoted) {
            take_merge(parent, std::move(value));
            return;
        }
        if (const node* first = parent.value.find_key(key.text)) {
            problems_.error(
                key.where, fmt::format("the key '{}' stands twice in this map", key.text),
                fmt::format("the first one is in line {}; remove one of them", first->where.line));
            return;
        }
        parent.value.members.push_back({std::move(key), std::move(value)});
    }

    void take_merge(container& parent, node value)
    {
        const auto is_map = [](const node& item) { return item.is_map(); };
        if (value.is_map()) {
            parent.merged.push_back(std::move(value));
        } else if (value.is_list() && std::all_of(value.items.begin(), value.items.end(), is_map)) {
            std::move(value.items.begin(), value.items.end(), std::back_inserter(parent.merged));
        } else {
            problems_.error(value.where, "'<<' needs a map or a list of maps to merge in",
                            "give it an alias of a map, as in '<<: *defaults'");
        }
    }

    /// Members of the map itself win over merged ones, earlier merged ones over later.
    static void merge(node& into, const node& from)
    {
        for (const auto& [key, value] : from.members) {
            if (into.find(key.text) == nullptr) into.members.push_back({key, value});
        }
    }

    const source_text& source_;
    const yaml_limits& limits_;
    diagnostics& problems_;
    std::vector<container> open_;
    std::map<YAML::anchor_t, node> anchors_;
    std::optional<node> root_;
    std::size_t node_count_ = 0;
    bool has_document_ = false;
};

/// yaml-cpp's texts name its own tokens; where a common slip is behind one, the hint says which.
std::string syntax_hint(const source_text& source, const YAML::Exception& failure)
{
    const std::string_view line = source.line(static_cast<std::uint32_t>(failure.mark.line + 1));
    const auto first = line.find_first_not_of(" \t");
    if (line.substr(0, first).find('\t') != std::string_view::npos) {
        return "indent with blanks, not with tabs";
    }
    if (failure.msg == "illegal map value") {
        return "quote a value that contains ': ' and check the indentation";
    }
    if (failure.msg.find("flow not found") != std::string::npos) {
        return "close the bracket or brace that is open here";
    }
    if (failure.msg.find("anchor is not defined") != std::string::npos) {
        return "define it with '&name' before the alias, or quote a text that begins with '*'";
    }
    if (first != std::string_view::npos && line.find_first_of("%@`&*!|>", first) != line.npos) {
        return "quote a text that begins with one of % @ ` & * ! | >";
    }
    return "check indentation, quotes and brackets at this place";
}

}  // namespace

std::optional<node> read_yaml_text(std::string_view text, const std::string& file_name,
                                   diagnostics& problems, const yaml_limits& limits)
{
    const source_text source(text, file_name);
    if (text.size() > limits.bytes_max) {
        problems.error(
            source.at(0, 0),
            fmt::format("the file has {} bytes, {} are allowed", text.size(), limits.bytes_max),
            "split the configuration into several files");
        return std::nullopt;
    }
    if (!source.check_encoding(problems)) return std::nullopt;

    const std::size_t errors_before = problems.error_count();
    tree_builder builder(source, limits, problems);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const stop_reading&) {
        return std::nullopt;
    } catch (const YAML::Exception& failure) {
        problems.error(source.at(static_cast<std::uint32_t>(failure.mark.line + 1),
                                 static_cast<std::uint32_t>(failure.mark.column + 1)),
                       "not valid YAML: " + failure.msg, syntax_hint(source, failure));
        return std::nullopt;
    } catch (const std::exception& failure) {
        if (problems.error_count() == errors_before) {
            problems.error(source.at(0, 0), fmt::format("not valid YAML: {}", failure.what()));
        }
        return std::nullopt;
    }
    auto root = builder.take();
    if (!root) {
        root.emplace();
        root->where = source.at(1, 1);
    }
    return root;
}

std::optional<node> read_yaml_file(const std::string& path, diagnostics& problems,
                                   const yaml_limits& limits)
{
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        // one byte more than allowed, so that a device that never ends is refused by size
        text.resize(limits.bytes_max + 1);
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad()) {
        problems.error({std::make_shared<std::string>(path), 0, 0}, "the file can't be read",
                       "check that it exists and that its permissions allow reading");
        return std::nullopt;
    }
    return read_yaml_text(text, path, problems, limits);
}

}  // namespace sluice::config
