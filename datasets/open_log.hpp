#pragma once
// Opens the log that the settings ask for. The one place that knows the engines.

#include <chrono>
#include <memory>
#include <string>

#include "config/clock.hpp"
#include "config/settings_datasets.hpp"
#include "datasets/event_log.hpp"

namespace sluice::datasets {

struct log_settings {
    std::string data_dir = "./data";
    config::embedded_settings store;
    std::uint64_t cache_bytes_max = 64ull << 20;
    /// Looks beside a running gateway: takes no lock, writes nothing, follows what is appended.
    bool is_read_only = false;
    std::chrono::milliseconds retention_period{10'000};
    const clock_source* clock = nullptr;  ///< null: the machine's
};

/// Blocking; damage does not make it fail (it is mended, counted and reported), only
/// `log_errc::locked`, `newer_format` and a folder that cannot be used do.
[[nodiscard]] result<std::unique_ptr<event_log>> open_log(const log_settings& settings);

}  // namespace sluice::datasets
