#pragma once
// Keeps the sources of every lane in step with the partitions that this process owns. The log calls
// from a thread of its own when ownership has changed: what went away is released by the lanes
// before the call returns; what came is added by the keeper's thread, because that has to read and
// write cursors. With the embedded engine everything is owned from the start and nothing changes.

#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "datasets/event_log.hpp"
#include "gateway/io_threads.hpp"
#include "gateway/lanes/lane.hpp"

namespace sluice::gateway {

/// A lane and the thread that it lives on.
struct placed_lane {
    std::size_t thread = 0;
    bool is_started = false;
    std::unique_ptr<lane> object;  ///< null once stopped; only touched on its thread
};

struct source_keeper_settings {
    std::chrono::milliseconds grace{2'000};  ///< for what is in flight when a partition is released
    std::chrono::milliseconds retry_period{1'000};  ///< after a cursor that couldn't be read
};

class source_keeper {
public:
    source_keeper(datasets::event_log& log, io_threads& threads,
                  source_keeper_settings settings = {});
    ~source_keeper();
    source_keeper(const source_keeper&) = delete;
    source_keeper& operator=(const source_keeper&) = delete;

    /// Gives the lane a source for each owned partition of what it reads, now and later. `since`:
    /// the first event that is its work when nobody has had the lane before and partitions are
    /// shared out; it is stored before this returns. Blocking, not on one of the lanes' threads.
    /// The failure says what can't be read or stored.
    result<void> add(std::shared_ptr<placed_lane> placed, std::map<dataset_name, source_kind> reads,
                     wall_time since);
    /// Forgets one lane or all, before they are stopped. Blocking.
    void remove(const placed_lane& placed);
    void clear();

private:
    struct kept_lane {
        std::shared_ptr<placed_lane> placed;
        cursor_name cursor;
        std::map<dataset_name, source_kind> reads;
        wall_time since{};  ///< events from here on are the lane's work, even before it owns them
    };

    void on_change(const dataset_name& dataset);
    void run();
    void release_lost(const kept_lane& kept, const dataset_name& dataset,
                      std::vector<std::future<void>>& ending);
    result<void> add_owned(const kept_lane& kept, const dataset_name& dataset);
    result<datasets::cursor_state> find_cursor(const kept_lane& of,
                                               const datasets::partition_ref& at);
    result<offset> first_offset(const kept_lane& of, const datasets::partition_ref& at);
    result<wall_time> agree_since(const kept_lane& of, const dataset_name& dataset);
    [[nodiscard]] std::vector<kept_lane> lanes_of(const dataset_name& dataset) const;
    [[nodiscard]] std::uint64_t round_of(const dataset_name& dataset) const;

    datasets::event_log& log_;
    io_threads& threads_;
    const source_keeper_settings settings_;
    mutable std::mutex mutex_;  ///< guards all below
    std::condition_variable changed_;
    std::vector<kept_lane> lanes_;
    std::set<dataset_name> dirty_;                  ///< ownership changed, sources to be added
    std::map<dataset_name, std::uint64_t> rounds_;  ///< changes of ownership so far
    bool is_busy_ = false;                          ///< the thread works on a dataset
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace sluice::gateway
