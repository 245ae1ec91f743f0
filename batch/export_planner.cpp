#include "batch/export_planner.hpp"

#include <algorithm>
#include <ctime>
#include <set>

#include "batch/export_error.hpp"
#include "batch/log_access.hpp"

namespace sluice::batch {
namespace {

constexpr std::size_t runs_kept_max = 1000;

/// `<name>-20261122T205900Z`; a second run with the same boundary gets `-2` and so on.
std::string new_run_id(const std::string& name, wall_time boundary,
                       const std::vector<run_document>& runs)
{
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(boundary).time_since_epoch().count();
    std::tm t{};
    gmtime_r(&seconds, &t);
    const auto base = fmt::format("{}-{:04}{:02}{:02}T{:02}{:02}{:02}Z", name, t.tm_year + 1900,
                                  t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
    std::set<std::string> taken;
    for (const auto& r : runs) taken.insert(r.run.id);
    auto id = base;
    for (int n = 2; taken.contains(id); ++n) id = fmt::format("{}-{}", base, n);
    return id;
}

result<std::string> learnt_columns(const datasets::event_log& log, const std::string& name)
{
    auto documents = log.list_documents(schema_collection);
    if (!documents) return documents.error();
    for (auto& [key, value] : *documents) {
        if (key == name) return std::move(value);
    }
    return std::string{};
}

/// Where the finished runs of an export have come to in this partition.
offset end_of_finished(const std::vector<run_document>& runs, const std::string& name,
                       partition_id partition)
{
    offset end{0};
    for (const auto& r : runs) {
        if (r.run.export_name != name || !is_finished(r.run)) continue;
        for (const auto& range : r.ranges) {
            if (range.partition == partition) end = std::max(end, range.end);
        }
    }
    return end;
}

}  // namespace

result<std::vector<run_document>> load_runs(const datasets::event_log& log)
{
    auto documents = log.list_documents(run_collection);
    if (!documents) return documents.error();
    std::vector<run_document> out;
    for (const auto& [key, value] : *documents) {
        auto document = run_document_from_json(value);
        if (!document) return document.error();
        out.push_back(std::move(*document));
    }
    return out;
}

std::optional<run_document> unfinished_run(const std::vector<run_document>& runs,
                                           const std::string& export_name)
{
    for (const auto& r : runs) {
        if (r.run.export_name == export_name && !is_finished(r.run)) return r;
    }
    return std::nullopt;
}

bool exports_here(const datasets::event_log& log, const std::string& dataset)
{
    const auto owned = log.owned_partitions(dataset_name{dataset});
    return std::find(owned.begin(), owned.end(), partition_id{0}) != owned.end();
}

result<run_document> plan_run(datasets::event_log& log, const std::string& name,
                              const config::export_settings& settings, wall_time boundary,
                              wall_time now, const std::vector<run_document>& runs)
{
    run_document out;
    out.run = {.id = new_run_id(name, boundary, runs),
               .export_name = name,
               .dataset = settings.dataset,
               .boundary = boundary,
               .started_at = now};
    out.settings = settings;
    const dataset_name dataset{settings.dataset};
    const auto known = log.list_datasets();
    const auto spec =
        std::find_if(known.begin(), known.end(), [&](const auto& d) { return d.name == dataset; });
    if (spec == known.end()) {
        return export_failure(
            export_errc::log,
            fmt::format("export '{}': there is no dataset '{}' in the store: check "
                        "`exports.{}.dataset`",
                        name, settings.dataset, name));
    }
    std::vector<datasets::cursor_update> new_cursors;
    for (std::uint32_t i = 0; i < spec->partitions; ++i) {
        const partition_id partition{i};
        const datasets::partition_ref at{dataset, partition};
        // in this order: the end of a partition that another gateway owns is known from then on
        auto cursor = log.load_cursor(export_cursor(name), at);
        if (!cursor) return cursor.error();
        auto extent = log.extent(at);
        if (!extent) return extent.error();
        // cursors and runs are two writes on Kafka: a finished run counts although a crash came
        // between them
        const auto first = std::max(*cursor ? (*cursor)->next : extent->begin,
                                    end_of_finished(runs, name, partition));
        if (!*cursor) {
            new_cursors.push_back({export_cursor(name), at, {.next = first, .start = first}});
        }
        if (first < extent->end) out.ranges.push_back({partition, first, extent->end});
    }
    if (!new_cursors.empty()) {
        auto stored = write_blocking(
            log, {.cursors = new_cursors, .is_internal = true, .ignores_ownership = true});
        if (!stored) return stored.error();
    }
    auto columns = learnt_columns(log, name);
    if (!columns) return columns.error();
    out.progress.format_state = std::move(*columns);
    if (!out.ranges.empty()) out.progress.next = out.ranges.front().first;
    return out;
}

result<void> forget_old_runs(datasets::event_log& log, const std::string& export_name,
                             const std::vector<run_document>& runs)
{
    std::vector<const flow_run*> finished;
    for (const auto& r : runs) {
        if (r.run.export_name == export_name && is_finished(r.run)) finished.push_back(&r.run);
    }
    if (finished.size() <= runs_kept_max) return {};
    std::sort(finished.begin(), finished.end(),
              [](const auto* a, const auto* b) { return a->started_at > b->started_at; });
    std::vector<datasets::document_update> erase;
    for (std::size_t i = runs_kept_max; i < finished.size(); ++i) {
        erase.push_back({run_collection, finished[i]->id, std::nullopt});
    }
    auto stored = write_blocking(log, {.documents = erase, .is_internal = true});
    if (!stored) return stored.error();
    return {};
}

}  // namespace sluice::batch
