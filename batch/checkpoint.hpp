#pragma once
// What is stored about a run, as one JSON document of the log's collection `export_runs`: the plan
// (ranges and settings, fixed before the first byte), how far it has come, and its outcome. A
// process that finds an unfinished document goes on from it and writes the same names and bytes.
// Values; no I/O.

#include <string>
#include <vector>

#include "batch/export_job.hpp"

namespace sluice::batch {

inline constexpr const char* run_collection = "export_runs";
/// Key: export name; value: what its format has learnt (the columns) up to the last finished run.
inline constexpr const char* schema_collection = "export_schemas";

/// Half open: [first, end).
struct partition_range {
    partition_id partition;
    offset first;
    offset end;
    friend bool operator==(const partition_range&, const partition_range&) = default;
};

/// Everything before it is in published files that the run's list names.
struct run_progress {
    std::size_t range = 0;     ///< index into the ranges; their count when all files are there
    offset next;               ///< first row of the next file
    std::uint32_t part = 0;    ///< number of the next file
    std::string format_state;  ///< what the format had learnt when the last file was closed
    friend bool operator==(const run_progress&, const run_progress&) = default;
};

struct run_document {
    flow_run run;
    config::export_settings settings;  ///< as they were when the run was planned
    std::vector<partition_range> ranges;
    run_progress progress;
};

[[nodiscard]] std::string to_json(const run_document& document);
[[nodiscard]] result<run_document> run_document_from_json(std::string_view json);

[[nodiscard]] std::uint64_t planned_rows(const run_document& document);
[[nodiscard]] bool is_finished(const flow_run& run);

}  // namespace sluice::batch
