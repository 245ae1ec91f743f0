#pragma once
// Opens the log that the settings ask for. The one place that knows the engines.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/clock.hpp"
#include "config/settings.hpp"
#include "datasets/event_log.hpp"

namespace sluice::datasets {

struct log_settings {
    std::string data_dir = "./data";
    config::embedded_settings store;
    std::optional<config::kafka_settings> kafka;  ///< events are kept in this cluster, not here
    std::uint64_t cache_bytes_max = 64ull << 20;
    /// Looks beside a running gateway: takes no lock, writes nothing, follows what is appended.
    bool is_read_only = false;
    /// A command, not a gateway: takes no part in sharing partitions out, has no spool.
    bool is_tool = false;
    std::chrono::milliseconds retention_period{10'000};
    const clock_source* clock = nullptr;  ///< null: the machine's
};

/// The engine that the datasets of a configuration name, with its settings.
[[nodiscard]] log_settings log_settings_for(const config::settings& all);

/// Blocking; damage does not make it fail (it is mended, counted and reported), only
/// `log_errc::locked`, `newer_format` and a folder that cannot be used do. With Kafka only settings
/// that can't be used fail; a cluster that does not answer is told by `status`.
[[nodiscard]] result<std::unique_ptr<event_log>> open_log(const log_settings& settings);

/// What an engine stands on, as found at run time: another version than that of the build, perhaps.
struct engine_library {
    std::string name;
    std::string version;
};

/// Whether in use or not; for `--version` and `status`, since bugs and limits follow from it.
[[nodiscard]] std::vector<engine_library> engine_libraries();

}  // namespace sluice::datasets
