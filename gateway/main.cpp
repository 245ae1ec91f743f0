// The `sluice` program: finds the command and runs it.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "datasets/open_log.hpp"
#include "gateway/commands/command_sink.hpp"
#include "gateway/commands/commands.hpp"

namespace {

std::string version_text()
{
    std::string text = "sluice " SLUICE_VERSION;
    for (const auto& [name, version] : sluice::datasets::engine_libraries()) {
        text += "\n" + name + " " + version;
    }
    return text;
}

}  // namespace

int main(int argc, char** argv)
{
    using namespace sluice::gateway;
    CLI::App app{"Sluice: events in, durable, filtered, mapped, delivered and exported", "sluice"};
    app.set_version_flag("--version", version_text);
    app.require_subcommand(1);
    app.footer(
        "Start with `sluice check CONFIG`, then `sluice run CONFIG`. To see what the rules make of "
        "an\n"
        "event without sending anything: `sluice explain CONFIG --event FILE`.\n"
        "Exit status: 0 done, 1 the answer is no, 2 bad usage, 3 could not start or reach.");
    selected_command selected;
    add_run_command(app, selected);
    add_check_command(app, selected);
    add_test_command(app, selected);
    add_explain_command(app, selected);
    add_eval_command(app, selected);
    add_export_command(app, selected);
    add_dead_command(app, selected);
    add_replay_command(app, selected);
    add_tail_command(app, selected);
    add_datasets_command(app, selected);
    add_cursors_command(app, selected);
    add_backup_command(app, selected);
    add_sink_command(app, selected);
    add_status_command(app, selected);
    add_schema_command(app, selected);
    try {
        app.parse(argc, argv);
        return selected ? selected() : exit_usage;
    } catch (const CLI::ParseError& e) {
        const int code = app.exit(e);
        return code == 0 ? exit_done : exit_usage;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "sluice: %s\n", e.what());
        return exit_unreachable;
    }
}
