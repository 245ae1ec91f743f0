#include "batch/export_job.hpp"

#include <algorithm>

#include "batch/export_error.hpp"
#include "batch/export_planner.hpp"
#include "batch/export_run.hpp"
#include "batch/formats/arrow_loader.hpp"
#include "batch/run_at.hpp"
#include "batch/schedule.hpp"

namespace sluice::batch {
namespace {

/// A run of which nothing is published yet takes the current settings: a wrong directory or
/// template can then be corrected. Later it must go on as it began.
void refresh_settings(run_document& document, const config::export_settings& current)
{
    const bool is_same_dataset = document.run.dataset == current.dataset;
    if (document.run.files.empty() && is_same_dataset) {
        // What the format has learnt belongs to the format.
        if (document.settings.format != current.format) document.progress.format_state.clear();
        document.settings = current;
    }
}

}  // namespace

result<flow_run> run_export_at(const run_request& request)
{
    if (!exports_here(request.log, request.settings.dataset)) {
        return export_failure(
            export_errc::not_owner,
            fmt::format("export '{}' is run by the gateway that owns partition 0 of '{}': ask that "
                        "one; its `sluice status` lists the partition",
                        request.name, request.settings.dataset));
    }
    auto runs = load_runs(request.log);
    if (!runs) return runs.error();
    const export_run::context with{.log = request.log,
                                   .clock = request.clock,
                                   .stats = request.stats,
                                   .stop = request.stop,
                                   .progress = request.progress,
                                   .hook = request.hook};
    std::optional<flow_run> earlier;
    if (auto open = unfinished_run(*runs, request.name)) {
        refresh_settings(*open, request.settings);
        auto done = export_run(with, std::move(*open), true).execute();
        if (!done) return done.error();
        earlier = std::move(*done);
    }
    const auto now = request.clock.wall_now();
    auto plan = plan_run(request.log, request.name, request.settings,
                         request.boundary.value_or(now), now, *runs);
    if (!plan) return plan.error();
    if (plan->ranges.empty()) {
        if (earlier) return std::move(*earlier);
        plan->run.state = run_state::succeeded;
        plan->run.finished_at = now;
        return plan->run;
    }
    if (auto forgotten = forget_old_runs(request.log, request.name, *runs); !forgotten) {
        return forgotten.error();
    }
    auto knowing = with;
    for (const auto& known : *runs) knowing.known_runs.insert(known.run.id);
    return export_run(std::move(knowing), std::move(*plan), false).execute();
}

result<flow_run> run_export(datasets::event_log& log, const std::string& name,
                            const config::export_settings& settings, const clock_source& clock,
                            export_stats& stats, const std::atomic<bool>& stop,
                            const export_progress& progress)
{
    return run_export_at({.log = log,
                          .name = name,
                          .settings = settings,
                          .clock = clock,
                          .stats = stats,
                          .stop = stop,
                          .progress = progress});
}

result<void> check_exports(const std::map<std::string, config::export_settings>& exports)
{
    for (const auto& [name, settings] : exports) {
        if (!settings.enabled) continue;
        if (auto plan = make_schedule(settings); !plan) {
            return export_failure(export_errc::bad_settings,
                                  fmt::format("export '{}': {}", name, plan.error().message));
        }
        if (settings.format != config::export_format::parquet) continue;
        if (auto found = find_arrow_module(); !found) {
            return export_failure(export_errc::unavailable,
                                  fmt::format("export '{}': {}", name, found.error().message));
        }
    }
    return check_layouts(exports);
}

result<std::vector<flow_run>> list_runs(const datasets::event_log& log, const std::string& name)
{
    auto runs = load_runs(log);
    if (!runs) return runs.error();
    std::vector<flow_run> out;
    for (auto& r : *runs) {
        if (name.empty() || r.run.export_name == name) out.push_back(std::move(r.run));
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
        return std::tie(a.started_at, a.boundary, a.id) > std::tie(b.started_at, b.boundary, b.id);
    });
    return out;
}

cursor_name export_cursor(const std::string& name)
{
    return cursor_name{"export/" + name};
}

}  // namespace sluice::batch
