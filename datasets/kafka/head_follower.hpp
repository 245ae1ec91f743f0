#pragma once
// Reads what is appended to the partitions in use, by whomever, as soon as it can be read: fills
// the head of the cache, moves the ends, wakes who waits. One thread, one client for all
// partitions.

#include <set>
#include <thread>

#include "datasets/batch_cache.hpp"
#include "datasets/kafka/cluster.hpp"
#include "datasets/kafka/kafka_record.hpp"
#include "datasets/kafka/kafka_stats.hpp"
#include "datasets/kafka/partition_consumer.hpp"
#include "datasets/kafka/partition_table.hpp"
#include "datasets/wait_list.hpp"

namespace sluice::datasets::kafka {

/// What the follower works with; all of it outlives the follower.
struct follower_links {
    cluster& asked;
    batch_cache& cache;
    wait_list& waits;
    kafka_stats& stats;
};

class head_follower {
public:
    static result<std::unique_ptr<head_follower>> open(const config::kafka_settings& settings,
                                                       follower_links links);
    ~head_follower();
    head_follower(const head_follower&) = delete;
    head_follower& operator=(const head_follower&) = delete;

    /// Begins at the partition's present end. Cheap to repeat; any thread.
    void follow(partition_state& partition);
    void leave(partition_state& partition);
    /// Ends the thread. Idempotent.
    void stop();

private:
    head_follower(std::unique_ptr<partition_consumer> consumer, follower_links links);

    /// As a message names it: its topic's tag and its partition.
    using place = std::pair<const void*, std::uint32_t>;
    static place place_of(const partition_state& partition)
    {
        return {partition.dataset, partition.at.partition.value()};
    }

    void run();
    void obey();
    void begin(partition_state& partition);
    void restart(partition_state& partition, std::uint64_t at);
    void take(const rd_kafka_message_t& message);
    void handle_error(partition_state& partition, const rd_kafka_message_t& message);
    void publish(partition_state& partition, run_builder& run);
    void publish_all();

    std::unique_ptr<partition_consumer> consumer_;
    follower_links links_;

    std::mutex mutex_;
    std::set<partition_state*> wanted_;  ///< guarded by mutex_
    std::atomic<bool> is_changed_{false};
    std::atomic<bool> is_over_{false};

    // the thread's own
    std::map<place, partition_state*> followed_;
    std::map<partition_state*, run_builder> runs_;
    steady_time retry_at_{};
    std::thread thread_;
};

}  // namespace sluice::datasets::kafka
