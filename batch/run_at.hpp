#pragma once
// One export run with everything said explicitly: what run_export(), the scheduler and the tests
// share.

#include <optional>

#include "batch/export_job.hpp"
#include "batch/export_machine.hpp"

namespace sluice::batch {

struct run_request {
    datasets::event_log& log;
    const std::string& name;
    const config::export_settings& settings;
    const clock_source& clock;
    export_stats& stats;
    const std::atomic<bool>& stop;
    export_progress progress;
    std::optional<wall_time> boundary;    ///< none: this moment
    std::function<bool(step_kind)> hook;  ///< see step_hook of export_run; for tests
};

[[nodiscard]] result<flow_run> run_export_at(const run_request& request);

}  // namespace sluice::batch
