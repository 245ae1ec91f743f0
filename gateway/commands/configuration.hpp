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
                                               config::diagnostics& problems);

/// The same, with problems printed to stderr; nothing when there are errors.
[[nodiscard]] std::optional<loaded_config> load_or_complain(const std::vector<std::string>& paths);

}  // namespace sluice::gateway
