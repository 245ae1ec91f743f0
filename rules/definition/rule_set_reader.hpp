#pragma once
// Reads one rule set: YAML nodes to the model of rule_set.hpp with every mistake reported. Pure but
// for the files that `include` and `event_file` name.

#include "config/settings.hpp"
#include "rules/definition/library_reader.hpp"

namespace sluice::rules {

[[nodiscard]] rule_set_source read_rule_set(const config::rule_source& source,
                                            const document_reader& documents,
                                            diagnostics& problems);

}  // namespace sluice::rules
