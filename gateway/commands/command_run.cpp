#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <thread>

#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/lifecycle.hpp"
#include "gateway/logging.hpp"

namespace sluice::gateway {

namespace {

/// Batches of a quarter megabyte come and go on every thread. glibc would give each thread an arena
/// of its own and keep what was freed there: 282 MiB instead of 241 with a large backlog. Must come
/// before the first thread; does nothing where the environment has set it.
void bound_heap(std::size_t threads)
{
    if (std::getenv("MALLOC_ARENA_MAX") != nullptr || std::getenv("GLIBC_TUNABLES") != nullptr) {
        return;
    }
    if (threads == 0) threads = std::thread::hardware_concurrency();
    mallopt(M_ARENA_MAX, static_cast<int>(std::clamp<std::size_t>(threads, 2, 64)));
    mallopt(M_MMAP_THRESHOLD, 1 << 20);  // fixed: else one large block makes all later ones stay
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

}  // namespace

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
            bound_heap(loaded->settings.gateway.threads);
            set_up_logging(loaded->settings.gateway.log_level, loaded->settings.gateway.log_format);
            return run_gateway(std::move(*loaded), [paths] { return load_or_complain(*paths); });
        };
    });
}

}  // namespace sluice::gateway
