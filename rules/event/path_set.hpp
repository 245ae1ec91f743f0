#pragma once
// Every path that any rule of a dataset reads, as one trie per root (`event`, `meta`, `request`,
// `steps`): filled while rules are compiled, then frozen and shared by all threads. A path has a
// slot: an index into the values that one pass over the event fills (event_view).

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/expression/ast.hpp"

namespace sluice::rules {

enum class path_root : std::uint8_t { event, meta, request, steps };

class path_set {
public:
    using slot_index = expression::slot_index;
    static constexpr slot_index no_slot = 0xffff'ffff;
    static constexpr std::uint32_t no_node = 0xffff'ffff;

    struct trie_node {
        std::string name;
        bool has_backslash = false;  ///< raw keys must not be compared with it
        std::uint32_t depth = 0;
        slot_index slot = no_slot;
        std::vector<std::uint32_t> children;
        std::vector<slot_index> slots_below;  ///< of all descendants; set by freeze()
        std::vector<std::uint32_t> table;     ///< children by key hash; set by freeze()
    };

    path_set();

    /// The slot of a path, made when it is new. An empty path is the root itself.
    slot_index add(path_root root, std::span<const std::string_view> names);

    /// Call once after the last add(), before the first find().
    void freeze();

    [[nodiscard]] std::size_t slot_count() const noexcept { return slots_.size(); }
    [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.size(); }
    [[nodiscard]] const trie_node& node(std::uint32_t index) const { return nodes_[index]; }
    [[nodiscard]] static constexpr std::uint32_t root_node(path_root root)
    {
        return static_cast<std::uint32_t>(root);
    }
    /// The child of that name, or no_node. Only after freeze().
    [[nodiscard]] std::uint32_t find(const trie_node& parent, std::string_view key) const;

    /// `event.user.email`, for people.
    [[nodiscard]] const std::string& text_of(slot_index slot) const { return slots_[slot].text; }
    [[nodiscard]] path_root root_of(slot_index slot) const { return slots_[slot].root; }

private:
    struct slot_entry {
        path_root root;
        std::string text;
    };

    [[nodiscard]] static std::uint32_t hash(std::string_view key);
    void collect_below(std::uint32_t index, std::vector<slot_index>& into) const;

    std::vector<trie_node> nodes_;
    std::vector<slot_entry> slots_;
};

}  // namespace sluice::rules
