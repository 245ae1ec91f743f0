#pragma once
// A YAML document as plain values that remember their place. yaml-cpp stays behind yaml_reader.cpp;
// settings and rule sets are read from these nodes.

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"

namespace sluice::config {

enum class node_kind : std::uint8_t { null, scalar, list, map };

/// Where a part of a scalar's text stands in the file, for scalars that span several lines.
struct text_line {
    std::size_t offset = 0;  ///< first character of the part within `text`
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct node_member;

/// One YAML value. Immutable once read; a tree owns its children. Anchors and aliases are expanded.
struct node {
    node_kind kind = node_kind::null;
    source_location where;   ///< where the value starts
    std::string text;        ///< scalars: the text after YAML unescaping, `${…}` not yet resolved
    bool is_quoted = false;  ///< scalars: quoted or block style, so never a number, bool or null
    /// Scalars: line and column of the first character of `text` (behind the quote or block
    /// header).
    source_location text_where;
    std::vector<text_line> text_lines;  ///< scalars of several lines: one entry a line, ascending
    std::vector<node> items;            ///< lists
    std::vector<node_member> members;   ///< maps, in file order

    [[nodiscard]] bool is_map() const noexcept { return kind == node_kind::map; }
    [[nodiscard]] bool is_list() const noexcept { return kind == node_kind::list; }
    [[nodiscard]] bool is_scalar() const noexcept { return kind == node_kind::scalar; }
    [[nodiscard]] bool is_null() const noexcept { return kind == node_kind::null; }

    /// The member of a map, or nullptr.
    [[nodiscard]] const node* find(std::string_view key) const noexcept;
    /// The key node of a member (for diagnostics that point at the key), or nullptr.
    [[nodiscard]] const node* find_key(std::string_view key) const noexcept;

    /// Scalars: where the character `text[offset]` stands in the file. Exact for plain and block
    /// scalars; in quoted ones every escape sequence before it on its line shifts it to the left.
    [[nodiscard]] source_location locate(std::size_t offset) const;
};

/// A key (a scalar) and its value. A type of its own, because a pair of the type that holds it is
/// incomplete for clang 14.
struct node_member {
    node first;
    node second;
};

}  // namespace sluice::config
