#pragma once
// Who reads each dataset in a configuration: the cursors that retention waits for. One function
// for the running gateway and for tools that open its folder. Pure.

#include <map>
#include <vector>

#include "config/named_type.hpp"
#include "config/settings.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

/// Every configured dataset has an entry, an empty one when nobody reads it. A retry log is read by
/// its lane. `catalog` may be null: then only exports and retry logs are known.
[[nodiscard]] std::map<dataset_name, std::vector<cursor_name>> dataset_readers(
    const config::settings& settings, const rules::rule_catalog* catalog);

/// The name of the lane that a rule's outcome belongs to; empty when it needs none.
[[nodiscard]] std::string lane_of(const rules::rule_outcome& outcome);

}  // namespace sluice::gateway
