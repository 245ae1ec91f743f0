#pragma once
// Reads the `steps` of a rule: requests one after another, later ones with the answers of earlier
// ones. Pure: nodes in, model and diagnostics out.

#include "rules/definition/read_support.hpp"

namespace sluice::rules {

/// `rule` is for messages.
[[nodiscard]] std::vector<step_source> read_steps(const config::node& steps,
                                                  const std::string& rule, diagnostics& problems);

/// `2xx`, `404`, `200-204`; nothing when it is none of them.
[[nodiscard]] std::optional<status_range> parse_status_range(std::string_view text);

}  // namespace sluice::rules
