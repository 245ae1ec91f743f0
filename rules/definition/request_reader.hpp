#pragma once
// Reads `request`, `body`, `map` and `const` of a rule. Pure: nodes in, model and diagnostics out.

#include "rules/definition/read_support.hpp"

namespace sluice::rules {

[[nodiscard]] request_source read_request(const config::node& request, diagnostics& problems);
[[nodiscard]] body_source read_body(const config::node& body, diagnostics& problems);
/// A `map` tree, also of a library's `mappings`.
[[nodiscard]] map_source read_map_tree(const config::node& tree, diagnostics& problems);

}  // namespace sluice::rules
