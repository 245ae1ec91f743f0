#pragma once
// The life of a gateway process: start, wait for signals, reload, drain, exit. Runs on the main
// thread.

#include <functional>
#include <optional>

#include "gateway/service.hpp"

namespace sluice::gateway {

/// Reads the configuration again for a reload; nothing when it has errors, which it has printed.
using config_reader = std::function<std::optional<loaded_config>()>;

/// Returns the exit code: 0 after a clean stop, 3 when it could not start.
[[nodiscard]] int run_gateway(loaded_config config, const config_reader& read_again);

}  // namespace sluice::gateway
