#pragma once
// YAML text or a file to a config::node tree, with the exact place of every key and value.
// Everything wrong with the text becomes a diagnostic: syntax, duplicate keys, bad encoding, too
// deep nesting, several documents. Anchors, aliases and merge keys (`<<`) are expanded. Stateless;
// any thread.

#include <optional>
#include <string>
#include <string_view>

#include "config/diagnostic.hpp"
#include "config/node.hpp"

namespace sluice::config {

/// Bounds for hostile or broken files; an alias counts as all that it stands for.
struct yaml_limits {
    std::size_t bytes_max = 16u << 20;
    std::size_t depth_max = 100;
    std::size_t nodes_max = 1'000'000;
};

/// Nothing when the text could not be read as a whole; duplicate keys alone still yield a tree (the
/// first one counts) so that more problems can be found. An empty text is a null node. Why it
/// failed stands in `problems`, with `file_name` as the file.
[[nodiscard]] std::optional<node> read_yaml_text(std::string_view text,
                                                 const std::string& file_name,
                                                 diagnostics& problems,
                                                 const yaml_limits& limits = {});

/// The same for a file; also reports a file that can't be read.
[[nodiscard]] std::optional<node> read_yaml_file(const std::string& path, diagnostics& problems,
                                                 const yaml_limits& limits = {});

}  // namespace sluice::config
