#pragma once
// The list of a run's files for whoever reads them. Written after all of them, so a reader that
// follows manifests never meets a missing file. Pure: the same run gives the same bytes.

#include <string>

#include "batch/export_job.hpp"

namespace sluice::batch {

/// JSON: `flowRunId`, `scheduledTime`, `exportResults` (`sinkPath` is the path in the export's
/// directory, `name` the file, `size` its bytes, then counts, checksums, positions, receive times,
/// schema id) and `totals`.
[[nodiscard]] std::string manifest_json(const flow_run& run);

}  // namespace sluice::batch
