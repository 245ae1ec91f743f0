#pragma once
// The JSON Schema of configuration files, for editors and for checks before a deployment. It is
// made from the declarations of the settings. Pure functions.

#include <string>
#include <string_view>

namespace sluice::config {

/// JSON Schema (draft 2020-12) of one configuration file, indented; `sluice schema config` prints
/// it.
[[nodiscard]] std::string config_json_schema();

/// The part about rule sets: `$defs` as JSON text. Written by hand beside rules/, which reads them.
[[nodiscard]] std::string_view rule_set_definitions();

}  // namespace sluice::config
