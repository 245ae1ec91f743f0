#include "rules/event/path_set.hpp"

#include <bit>

namespace sluice::rules {
namespace {

constexpr std::array<std::string_view, 4> root_names{"event", "meta", "request", "steps"};

}  // namespace

path_set::path_set()
{
    nodes_.resize(root_names.size());
}

path_set::slot_index path_set::add(path_root root, std::span<const std::string_view> names)
{
    auto at = root_node(root);
    std::string text{root_names[at]};
    for (const auto name : names) {
        text += '.';
        text += name;
        auto next = no_node;
        for (const auto child : nodes_[at].children) {
            if (nodes_[child].name == name) next = child;
        }
        if (next == no_node) {
            next = static_cast<std::uint32_t>(nodes_.size());
            nodes_.push_back({.name = std::string{name},
                              .has_backslash = name.find('\\') != std::string_view::npos,
                              .depth = nodes_[at].depth + 1});
            nodes_[at].children.push_back(next);
        }
        at = next;
    }
    if (nodes_[at].slot == no_slot) {
        nodes_[at].slot = static_cast<slot_index>(slots_.size());
        slots_.push_back({root, std::move(text)});
    }
    return nodes_[at].slot;
}

void path_set::freeze()
{
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
        auto& node = nodes_[i];
        node.slots_below.clear();
        collect_below(i, node.slots_below);
        node.table.assign(std::bit_ceil(node.children.size() * 2 + 1), no_node);
        const auto mask = node.table.size() - 1;
        for (const auto child : node.children) {
            auto at = hash(nodes_[child].name) & mask;
            while (node.table[at] != no_node) at = (at + 1) & mask;
            node.table[at] = child;
        }
    }
}

void path_set::collect_below(std::uint32_t index, std::vector<slot_index>& into) const
{
    for (const auto child : nodes_[index].children) {
        if (nodes_[child].slot != no_slot) into.push_back(nodes_[child].slot);
        collect_below(child, into);
    }
}

std::uint32_t path_set::hash(std::string_view key)
{
    if (key.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(key[i]); };
    return static_cast<std::uint32_t>(key.size()) * 7U + byte(0) * 31U +
           byte(key.size() / 2) * 17U + byte(key.size() - 1) * 5U;
}

std::uint32_t path_set::find(const trie_node& parent, std::string_view key) const
{
    const auto mask = parent.table.size() - 1;
    for (auto at = hash(key) & mask;; at = (at + 1) & mask) {
        const auto child = parent.table[at];
        if (child == no_node || nodes_[child].name == key) return child;
    }
}

}  // namespace sluice::rules
