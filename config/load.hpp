#pragma once
// Configuration files to settings. `run`, `check`, `test` and `explain` all start here.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/settings.hpp"

namespace sluice::config {

/// Looks up `${env:NAME}`; tests pass their own.
using environment = std::function<std::optional<std::string>(const std::string&)>;
[[nodiscard]] environment process_environment();

/// Reads files and folders (`*.yaml`, `*.yml`, with sub-folders, by name), merges their sections,
/// resolves `${env:}` and
/// `${file:}`, binds settings and checks references between sections (datastream -> dataset,
/// export -> dataset). Reports everything that is wrong; the result is only usable when
/// `!problems.has_errors()`. Never throws for bad input.
[[nodiscard]] settings load(const std::vector<std::string>& paths, const environment& env,
                            diagnostics& problems);

/// The second half of `load`: a tree that has been read and merged to settings.
[[nodiscard]] settings bind_settings(const node& root, const environment& env,
                                     diagnostics& problems);

}  // namespace sluice::config
