#pragma once
// The only writer of the store: one thread that takes whatever has been queued during the previous
// sync, writes it as one synced WriteBatch and then calls the handlers in order. A lone writer pays
// one sync at once, many share it and may wait for each other as long as about one sync takes.
// It also obeys store_health when a write fails.

#include <rocksdb/write_batch.h>

#include <atomic>
#include <condition_variable>
#include <shared_mutex>
#include <thread>

#include "config/settings_datasets.hpp"
#include "datasets/batch_cache.hpp"
#include "datasets/embedded/pending_write.hpp"
#include "datasets/embedded/store_health.hpp"
#include "datasets/embedded/test_faults.hpp"
#include "datasets/stored_batch.hpp"
#include "datasets/wait_list.hpp"

namespace sluice::datasets::embedded {

/// The open store. Readers hold the lock shared while they use it; reopening takes it alone.
struct store_slot {
    std::shared_mutex mutex;
    std::unique_ptr<rocks_store> store;
};

struct appender_stats {
    std::atomic<std::uint64_t> groups{0};
    std::atomic<std::uint64_t> writes{0};
    std::atomic<std::uint64_t> records{0};
    std::atomic<std::uint64_t> payload_bytes{0};
    std::atomic<std::uint64_t> stored_bytes{0};
    std::atomic<std::uint64_t> failed_writes{0};
    std::atomic<std::uint64_t> reopened{0};
};

/// What the appender works with; all of it outlives the appender.
struct appender_links {
    store_slot& slot;
    batch_cache& cache;
    wait_list& waits;
    const clock_source& clock;
    std::function<result<void>()> reopen;  ///< closes and opens `slot`; called on its thread
    std::function<std::uint64_t()> free_bytes;
    std::function<void()> note_damage;  ///< the next open must expect damaged files
};

class appender {
public:
    appender(const config::embedded_settings& settings, test_faults faults, appender_links links);
    ~appender();
    appender(const appender&) = delete;
    appender& operator=(const appender&) = delete;

    /// Takes the write over, or says why not; then `write` is untouched.
    result<void> submit(std::unique_ptr<pending_write>& write);
    /// Somebody found the store in a state that only an open mends; writes wait or are refused.
    void ask_reopen(const std::string& why);
    /// Writes what is queued, then ends the thread. Idempotent.
    void stop();

    /// How many queued writes are worth the next sync: half of the writers that seem to be about,
    /// which are the `group` just answered and those `queued` meanwhile. A lone writer never waits.
    [[nodiscard]] static std::size_t enough_for_sync(std::size_t group, std::size_t queued);

    [[nodiscard]] log_status status() const;
    [[nodiscard]] const appender_stats& stats() const noexcept { return stats_; }

private:
    struct group_value {
        partition_state* to;
        std::uint64_t base;
        std::uint32_t count = 0;
        std::string payload;
        std::size_t content_bytes = 0;
        wall_time received_at_max = wall_time::min();
        std::uint32_t stored_bytes = 0;
    };
    using group = std::vector<std::unique_ptr<pending_write>>;

    void run();
    void gather(std::unique_lock<std::mutex>& lock);
    bool take_group(group& into);
    void commit(group& writes);
    void place(pending_write& write);
    group_value& value_for(const pending_write::chunk& chunk);
    void build_batch(const group& writes);
    void put_stock(const group& writes);
    rocksdb::Status write_batch();
    void publish(group& writes);
    void fail(group& writes, const rocksdb::Status& status);
    void heal(std::unique_lock<std::mutex>& lock);
    void sync_if_due(bool is_last);
    void refuse_queue(std::unique_lock<std::mutex>& lock);

    const config::embedded_settings settings_;
    const test_faults faults_;
    appender_links links_;
    appender_stats stats_;

    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    group queue_;
    std::size_t queue_bytes_ = 0;
    std::size_t wanted_ = 1;  ///< so many queued writes wake the thread
    bool is_stopping_ = false;
    bool is_closed_ = false;
    store_health health_;

    // the appender thread's own
    std::size_t last_group_ = 0;  ///< writes of the group just written
    std::size_t queue_taken_ = 0;
    group taken_;
    batch_sealer sealer_;
    std::vector<group_value> values_;
    rocksdb::WriteBatch batch_;
    bool has_unsynced_ = false;
    steady_time last_sync_{};
    std::vector<partition_state*> unsynced_;
    std::thread thread_;
};

}  // namespace sluice::datasets::embedded
