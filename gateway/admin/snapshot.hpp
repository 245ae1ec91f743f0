#pragma once
// The state of the whole gateway at one moment as plain values: what metrics, status and console
// show.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "batch/export_job.hpp"
#include "config/clock.hpp"
#include "datasets/event_log.hpp"
#include "gateway/lanes/lane_stats.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

/// A named total, summed over threads.
struct named_count {
    std::string_view name;  ///< of metric_names.hpp
    std::uint64_t value = 0;
};

struct dataset_snapshot {
    datasets::partition_ref at;
    datasets::partition_extent extent;
    bool is_owned = true;  ///< delivered by this gateway; false: by another one
};

struct export_snapshot {
    std::string name;
    std::uint64_t runs_succeeded = 0, runs_failed = 0, rows = 0, files = 0, bytes = 0;
    std::int64_t last_success_unix_ms = 0;
};

struct gateway_snapshot {
    wall_time taken_at{};
    wall_time started_at{};
    datasets::log_status log;
    datasets::log_counts log_counts;
    std::vector<datasets::log_figure> log_figures;
    std::vector<named_count> edge;  ///< connections, requests, events
    std::vector<lane_snapshot> lanes;
    std::vector<dataset_snapshot> datasets;
    std::vector<export_snapshot> exports;
    std::map<std::string, rules::rule_counts> rules;
    std::uint64_t batch_cache_bytes = 0, batch_cache_hits = 0, batch_cache_misses = 0;
    std::string rules_hash;
    std::uint64_t resident_bytes = 0;
    std::uint64_t cpu_us = 0;
};

/// RSS and CPU time of this process, from /proc.
void read_process_usage(gateway_snapshot& into);

}  // namespace sluice::gateway
