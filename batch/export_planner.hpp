#pragma once
// Finds out what a new run has to export: from the export's cursor to the end of each partition at
// this moment. Cutting by position instead of by receive time gives every accepted record to
// exactly one run, also when clocks of threads differ a little. Blocking reads of the log, one
// small write for new cursors.

#include <optional>

#include "batch/checkpoint.hpp"
#include "config/clock.hpp"

namespace sluice::batch {

/// All stored runs, of every export.
[[nodiscard]] result<std::vector<run_document>> load_runs(const datasets::event_log& log);

/// The run that has to be finished before a new one may start.
[[nodiscard]] std::optional<run_document> unfinished_run(const std::vector<run_document>& runs,
                                                         const std::string& export_name);

/// A fresh plan; without ranges when there is nothing new. Gives the export a cursor at the oldest
/// record of each partition where it has none, so that retention waits from now on.
/// Whoever owns partition 0 of a dataset exports all of it; reading needs no ownership.
[[nodiscard]] bool exports_here(const datasets::event_log& log, const std::string& dataset);

[[nodiscard]] result<run_document> plan_run(datasets::event_log& log, const std::string& name,
                                            const config::export_settings& settings,
                                            wall_time boundary, wall_time now,
                                            const std::vector<run_document>& runs);

/// Erases the oldest finished runs of an export beyond the number that is kept (1,000).
result<void> forget_old_runs(datasets::event_log& log, const std::string& export_name,
                             const std::vector<run_document>& runs);

}  // namespace sluice::batch
