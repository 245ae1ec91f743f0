#pragma once
// Every command of the `sluice` program; each lives in its own file command_<name>.cpp. An `add`
// function declares options and help and sets `selected` when the user chose it; what it runs
// returns the exit code.

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sluice::gateway {

/// 0 done, 1 the answer is no, 2 bad usage, 3 could not start or reach.
enum exit_code : int { exit_done = 0, exit_no = 1, exit_usage = 2, exit_unreachable = 3 };

using selected_command = std::function<int()>;

void add_run_command(CLI::App& app, selected_command& selected);
void add_check_command(CLI::App& app, selected_command& selected);
void add_test_command(CLI::App& app, selected_command& selected);
void add_explain_command(CLI::App& app, selected_command& selected);
void add_eval_command(CLI::App& app, selected_command& selected);
void add_export_command(CLI::App& app, selected_command& selected);
void add_dead_command(CLI::App& app, selected_command& selected);
void add_replay_command(CLI::App& app, selected_command& selected);
void add_tail_command(CLI::App& app, selected_command& selected);
void add_datasets_command(CLI::App& app, selected_command& selected);
void add_cursors_command(CLI::App& app, selected_command& selected);
void add_backup_command(CLI::App& app, selected_command& selected);
void add_status_command(CLI::App& app, selected_command& selected);
void add_schema_command(CLI::App& app, selected_command& selected);

/// The option that most commands share: configuration files or folders.
void add_config_option(CLI::App& command, std::vector<std::string>& paths, bool is_positional);

}  // namespace sluice::gateway
