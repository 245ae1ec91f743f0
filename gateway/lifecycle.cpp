#include "gateway/lifecycle.hpp"

#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>

namespace sluice::gateway {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_not_started = 3;

/// Signals are taken by sigwait on the main thread; blocked before any other thread exists.
sigset_t block_signals()
{
    sigset_t set;
    sigemptyset(&set);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return set;
}

/// Credentials and events live in this memory: no core files.
void forbid_core_files()
{
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

/// Every connection is a file; the soft limit of 1,024 would be the first thing to break.
void raise_open_files()
{
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int run_gateway(loaded_config config, const config_reader& read_again)
{
    const auto signals = block_signals();
    forbid_core_files();
    raise_open_files();
    auto started = service::start(std::move(config), system_clock());
    if (started.has_error()) {
        spdlog::error("{}", started.error().message);
        return exit_not_started;
    }
    auto& running = **started;
    spdlog::info("ready: edge on port {}, admin on port {}", running.edge_port(),
                 running.admin_port());
    while (true) {
        int signal = 0;
        sigwait(&signals, &signal);
        if (signal != SIGHUP) break;
        spdlog::info("reading the configuration again");
        auto again = read_again();
        if (!again) {
            spdlog::error("the new configuration has errors: going on with the old one");
            continue;
        }
        if (auto r = running.reload(std::move(*again)); r.has_error()) {
            spdlog::error("reload failed: {}", r.error().message);
        }
    }
    spdlog::info("draining");
    running.stop();
    spdlog::info("stopped");
    return exit_ok;
}

}  // namespace sluice::gateway
