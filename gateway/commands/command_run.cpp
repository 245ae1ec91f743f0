#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/lifecycle.hpp"
#include "gateway/logging.hpp"

namespace sluice::gateway {

void add_run_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("run", "The gateway, in the foreground");
    command->footer(
        "SIGTERM or Ctrl-C drains: no new requests, what is in flight gets gateway.drain_timeout "
        "to\n"
        "finish, cursors are stored, nothing acknowledged is lost. SIGHUP reads the configuration\n"
        "again: rules, destinations, datastreams and exports change without a restart.");
    auto paths = std::make_shared<std::vector<std::string>>();
    add_config_option(*command, *paths, true);
    command->callback([&selected, paths] {
        selected = [paths]() -> int {
            auto loaded = load_or_complain(*paths);
            if (!loaded) return exit_no;
            set_up_logging(loaded->settings.gateway.log_level, loaded->settings.gateway.log_format);
            return run_gateway(std::move(*loaded), [paths] { return load_or_complain(*paths); });
        };
    });
}

}  // namespace sluice::gateway
