#pragma once
// Runs exports: by schedule inside the gateway, or once for `sluice export run`. Works on threads
// of its own with low priority; blocking I/O is fine here.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/clock.hpp"
#include "config/result.hpp"
#include "config/settings_exports.hpp"
#include "datasets/event_log.hpp"

namespace sluice::batch {

struct exported_file {
    std::string path;  ///< relative to the export's directory
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::string sha256;
    partition_id partition;
    offset first;
    offset last;
    std::string md5;
    wall_time received_min{};  ///< earliest and latest receive time of its rows
    wall_time received_max{};
    std::string schema_id;  ///< names its columns; empty for formats without columns
};

enum class run_state : std::uint8_t { planned, running, succeeded, failed };

/// One flow run; stored in the log's documents before its first byte is written.
struct flow_run {
    std::string id;  ///< deterministic: export name and window
    std::string export_name;
    std::string dataset;
    run_state state = run_state::planned;
    wall_time boundary{};  ///< end of the window, by append time
    wall_time started_at{};
    wall_time finished_at{};
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::vector<exported_file> files;
    std::string manifest;  ///< path, empty: none
    std::string error;
    std::uint64_t rows_lost = 0;  ///< planned, but trimmed or damaged before they could be read
};

struct export_stats {
    std::atomic<std::uint64_t> runs_succeeded{0}, runs_failed{0}, rows{0}, files{0}, bytes{0};
    std::atomic<std::int64_t> last_success_unix_ms{0};
};

/// Progress of a long run for people: rows so far, rows planned.
using export_progress = std::function<void(std::uint64_t rows, std::uint64_t rows_total)>;

/// Runs one export now: plan (durable) -> files -> manifest -> commit. An unfinished earlier run is
/// finished first, with the same names and content. Blocking; `stop` makes it return early without
/// harm.
[[nodiscard]] result<flow_run> run_export(datasets::event_log& log, const std::string& name,
                                          const config::export_settings& settings,
                                          const clock_source& clock, export_stats& stats,
                                          const std::atomic<bool>& stop,
                                          const export_progress& progress = {});

/// What can be known to be wrong before the first run: templates, times, two exports that would
/// write the same files, Parquet without its module. For `sluice check` and start-up; loads
/// nothing.
[[nodiscard]] result<void> check_exports(
    const std::map<std::string, config::export_settings>& exports);

/// Stored runs of one export (or of all when empty), newest first.
[[nodiscard]] result<std::vector<flow_run>> list_runs(const datasets::event_log& log,
                                                      const std::string& name);

/// One run as JSON, for the API and the command line; file paths are relative to the export's
/// directory.
[[nodiscard]] std::string run_to_json(const flow_run& run);

/// The cursor that keeps retention from passing what an export has not read: `export/<name>`.
[[nodiscard]] cursor_name export_cursor(const std::string& name);

/// Runs every export on its schedule until stopped. Owns one thread.
class export_scheduler {
public:
    export_scheduler(datasets::event_log& log,
                     std::map<std::string, config::export_settings> exports,
                     const clock_source& clock);
    ~export_scheduler();  ///< stop() and join
    void start();
    /// Asks the current run to pause at the next safe point and joins the thread.
    void stop();
    /// Thread-safe: runs it as soon as possible.
    void trigger(const std::string& name);
    [[nodiscard]] const std::map<std::string, std::unique_ptr<export_stats>>& stats() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace sluice::batch
