#pragma once
// The reference of all settings as text, made from their declarations. A pure function.

#include <string>

namespace sluice::config {

/// Markdown: one table a section with key, value, default and meaning; `sluice schema reference`
/// prints it.
[[nodiscard]] std::string config_reference();

}  // namespace sluice::config
