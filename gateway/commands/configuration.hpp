#pragma once
// Load, check and compile a configuration for any command, with every problem printed at once.

#include <optional>
#include <string>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/settings.hpp"
#include "gateway/service.hpp"

namespace sluice::gateway {

/// Reads, checks and compiles; problems are collected. The catalog is null when there are errors.
[[nodiscard]] loaded_config load_configuration(const std::vector<std::string>& paths,
                                               config::diagnostics& problems,
                                               bool lints_tests = false);

/// What rules may refer to, and their limits.
[[nodiscard]] rules::rule_environment rule_environment_of(const config::settings& settings);
[[nodiscard]] rules::expression::limits limits_of(const config::rule_limit_settings& settings);

/// The same, with problems printed to stderr; nothing when there are errors.
[[nodiscard]] std::optional<loaded_config> load_or_complain(const std::vector<std::string>& paths);

}  // namespace sluice::gateway
