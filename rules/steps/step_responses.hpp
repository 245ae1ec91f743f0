#pragma once
// Answers that people give to steps: `responses` of tests, a file of `sluice explain`. Nothing is
// sent. Pure but for the file.

#include <optional>
#include <string>
#include <vector>

#include "rules/definition/rule_set.hpp"
#include "rules/explain.hpp"

namespace sluice::rules {

/// Steps named in `responses` get that answer, others the assumed one.
[[nodiscard]] step_responder respond_with(std::vector<response_source> responses);

/// A YAML or JSON file: `rule.step` to `{status, headers, body}` or `{timeout: true}`. Nothing, and
/// problems, when it can't be read.
[[nodiscard]] std::optional<std::vector<response_source>> read_response_file(
    const std::string& path, config::diagnostics& problems);

}  // namespace sluice::rules
