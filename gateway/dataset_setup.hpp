#pragma once
// The configured datasets, made known to the log and opened. Blocking: a cluster is asked.

#include "config/settings.hpp"
#include "datasets/event_log.hpp"

namespace sluice::gateway {

/// Makes them known without asking a cluster, so that a spool takes their events although the first
/// one can't be opened yet. The failure names the dataset and what to do.
[[nodiscard]] result<void> prepare_datasets(datasets::event_log& log,
                                            const config::settings& settings);

/// Prepares and opens them.
[[nodiscard]] result<void> open_datasets(datasets::event_log& log,
                                         const config::settings& settings);

}  // namespace sluice::gateway
