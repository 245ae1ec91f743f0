#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "batch/export_job.hpp"
#include "datasets/open_log.hpp"
#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

struct export_options {
    std::vector<std::string> config;
    std::string name;
    std::string run;
    bool as_json = false;
};

void print_runs(const json& runs)
{
    for (const auto& r : runs) {
        fmt::print(
            "{:<40} {:<10} {:>10} rows {:>12} bytes {:>4} files  {}\n", r.value("id", ""),
            r.value("state", ""), r.value("rows", std::uint64_t{0}),
            r.value("bytes", std::uint64_t{0}), r.at("files").size(),
            r.value("state", "") == "failed" ? r.value("error", "") : r.value("finished_at", ""));
    }
}

/// No gateway runs: export from the data folder here and now, with progress on a terminal.
int run_here(const loaded_config& loaded, const std::string& name,
             const config::export_settings& settings)
{
    auto store = datasets::log_settings_for(loaded.settings);
    if (store.kafka) {
        fmt::print(stderr,
                   "sluice: no gateway answers here, and exports of datasets on Kafka are run by a "
                   "gateway: the one that owns partition 0 of '{}'\n",
                   settings.dataset);
        return exit_unreachable;
    }
    store.is_tool = true;
    auto log = datasets::open_log(store);
    if (log.has_error()) {
        fmt::print(stderr, "sluice: {}\n", log.error().message);
        return exit_unreachable;
    }
    batch::export_stats stats;
    std::atomic<bool> stop{false};
    const bool shows_progress = isatty(STDERR_FILENO) == 1;
    const auto run = batch::run_export(**log, name, settings, system_clock(), stats, stop,
                                       [&](std::uint64_t rows, std::uint64_t total) {
                                           if (shows_progress)
                                               fmt::print(stderr, "\r{} of {} rows", rows, total);
                                       });
    if (shows_progress) fmt::print(stderr, "\n");
    (*log)->close();
    if (run.has_error()) {
        fmt::print(stderr, "sluice: export {}: {}\n", name, run.error().message);
        return exit_no;
    }
    fmt::print("run {}: {} rows in {} files\n", run->id, run->rows, run->files.size());
    for (const auto& f : run->files)
        fmt::print("  {}  {} rows  {} bytes\n", f.path, f.rows, f.bytes);
    return exit_done;
}

int run_now(const export_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    const auto found = loaded->settings.exports.find(o.name);
    if (found == loaded->settings.exports.end()) {
        fmt::print(stderr, "sluice: there is no export '{}' in the configuration\n", o.name);
        return exit_usage;
    }
    const auto answer =
        call_admin(loaded->settings.gateway.admin, "POST", "/api/v1/exports/" + o.name + "/run");
    if (answer.has_error() && answer.error().code == boost::asio::error::connection_refused) {
        return run_here(*loaded, o.name, found->second);
    }
    return print_result(answer);
}

int list_runs(const export_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    query_parameters query;
    if (!o.name.empty()) query["name"] = o.name;
    if (!o.run.empty()) query["run"] = o.run;
    const auto answer = run_anywhere(*loaded, "GET", "/api/v1/exports/runs", query, false);
    if (answer.has_error() || answer->status >= 400) return print_result(answer);
    const auto runs = json::parse(answer->body).at("runs");
    if (!o.run.empty() || o.as_json) {
        for (const auto& run : runs) fmt::print("{}\n", run.dump(o.run.empty() ? -1 : 2));
    } else {
        print_runs(runs);
    }
    return !o.run.empty() && runs.empty() ? exit_no : exit_done;
}

}  // namespace

void add_export_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("export", "Run an export now, list its flow runs, show one");
    command->require_subcommand(1);
    command->footer(
        "A run exports what was appended since the previous one: each event lands in exactly one\n"
        "file that a manifest lists. An interrupted run is finished first, with the same names.");
    auto o = std::make_shared<export_options>();

    auto* run = command->add_subcommand("run", "Export now what is not exported yet");
    run->add_option("name", o->name, "Name of the export")->required();
    add_config_option(*run, o->config, false);
    run->callback([&selected, o] { selected = [o] { return run_now(*o); }; });

    auto* list = command->add_subcommand("list", "Flow runs, newest first");
    list->add_option("name", o->name, "Only of this export");
    add_config_option(*list, o->config, false);
    list->add_flag("--json", o->as_json, "NDJSON instead of a table");
    list->callback([&selected, o] { selected = [o] { return list_runs(*o); }; });

    auto* show = command->add_subcommand("show", "One flow run with its files, as JSON");
    show->add_option("run", o->run, "Id of the run")->required();
    add_config_option(*show, o->config, false);
    show->callback([&selected, o] { selected = [o] { return list_runs(*o); }; });
}

}  // namespace sluice::gateway
