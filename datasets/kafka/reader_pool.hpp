#pragma once
// Reads older records for whoever is behind: a few clients, each a thread, each at one place of one
// partition. A request goes to the client that stands where it wants to read, else to the one that
// was idle longest. Memory: one batch and a bounded prefetch per client.

#include <condition_variable>
#include <deque>
#include <thread>

#include "datasets/batch_cache.hpp"
#include "datasets/kafka/cluster.hpp"
#include "datasets/kafka/cluster_health.hpp"
#include "datasets/kafka/kafka_record.hpp"
#include "datasets/kafka/kafka_stats.hpp"
#include "datasets/kafka/partition_consumer.hpp"
#include "datasets/kafka/partition_table.hpp"

namespace sluice::datasets::kafka {

/// What the readers work with; all of it outlives them.
struct reader_links {
    cluster& asked;
    const cluster_health& health;
    batch_cache& cache;
    kafka_stats& stats;
};

class reader_pool {
public:
    static result<std::unique_ptr<reader_pool>> open(const config::kafka_settings& settings,
                                                     reader_links links);
    ~reader_pool();
    reader_pool(const reader_pool&) = delete;
    reader_pool& operator=(const reader_pool&) = delete;

    /// Any thread; `handler` is called on a reader's.
    void read(partition_state& partition, offset from, read_handler handler);
    /// Answers what waits with `closed`, ends the threads. Idempotent.
    void stop();

private:
    struct request {
        partition_state* partition;
        std::uint64_t from;
        read_handler handler;
    };
    struct reader {
        std::unique_ptr<partition_consumer> consumer;
        std::condition_variable wake;
        // guarded by the pool's mutex
        std::deque<request> queue;
        partition_state* at = nullptr;
        std::uint64_t next = 0;
        std::uint64_t last_used = 0;
        bool is_busy = false;
        // the thread's own
        message_handle kept;                ///< read already, belongs to the next batch
        std::uint64_t end_at = UINT64_MAX;  ///< the library tells of an end only once
        std::thread thread;
    };
    using answer = result<std::shared_ptr<const record_batch>>;

    explicit reader_pool(reader_links links) : links_(links) {}
    void run(reader& self);
    answer serve(reader& self, const request& wanted, std::uint64_t& next);
    std::optional<failure> seek(reader& self, partition_state& partition, std::uint64_t to);
    answer gather(reader& self, partition_state& partition, std::uint64_t from);
    std::optional<answer> handle_error(reader& self, partition_state& partition, std::uint64_t from,
                                       const rd_kafka_message_t& message);
    void rest(reader& self);

    reader_links links_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<reader>> readers_;
    std::uint64_t clock_ = 0;
    std::atomic<bool> is_over_{false};
};

}  // namespace sluice::datasets::kafka
