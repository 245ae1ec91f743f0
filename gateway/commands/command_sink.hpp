#pragma once
// `sluice sink`: an HTTP receiver for trying out rules, for tests and for load tests. It records
// what it gets and answers as it is told. One thread; runs until SIGTERM or SIGINT.

#include <cstdint>
#include <functional>
#include <string>

#include "gateway/commands/sink_recorder.hpp"
#include "gateway/commands/sink_script.hpp"

namespace CLI {
class App;
}

namespace sluice::gateway {

struct sink_options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 9090;  ///< 0: any free one
    std::string port_file;      ///< the port is also written here, for scripts
    std::string answer_body = "{}";
    sink_script_settings script;
    sink_recorder_settings recorder;
};

/// Serves until a signal; returns the exit code (0 done, 2 bad usage, 3 could not listen).
[[nodiscard]] int run_sink(const sink_options& options);

/// Adds the command to the command line; `selected` is set when the user chose it.
void add_sink_command(CLI::App& app, std::function<int()>& selected);

}  // namespace sluice::gateway
