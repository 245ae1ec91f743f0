#pragma once
// What this process knows of datasets and partitions. Entries are never removed: pointers to them
// stay good as long as the table. Thread-safe.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "datasets/event_log.hpp"

namespace sluice::datasets::kafka {

struct dataset_state;

struct partition_state {
    partition_ref at;
    dataset_state* dataset = nullptr;
    std::uint64_t cache_id = 0;

    std::atomic<std::uint64_t> begin{0};
    /// One past the newest record seen; what waits are over by. Moved by the follower while it
    /// follows this partition, else by whoever asks the cluster.
    std::atomic<std::uint64_t> end{0};
    std::atomic<std::uint64_t> acked{0};  ///< one past the newest record that this process wrote
    std::atomic<bool> is_followed{false};
    std::atomic<bool> is_owned{false};
    /// Cursors may be stored: as long as owned, and while lanes let go of a partition on its way
    /// to another gateway.
    std::atomic<bool> may_commit{false};
    // an estimate of what a record takes, for sizes that the cluster does not tell
    std::atomic<std::uint64_t> seen_bytes{0};
    std::atomic<std::uint64_t> seen_records{0};
    /// Held while the records of one part are handed over, so that they stay together.
    std::mutex produce_mutex;

    [[nodiscard]] std::uint64_t newest_end() const noexcept
    {
        return std::max(end.load(std::memory_order_acquire), acked.load(std::memory_order_relaxed));
    }
    [[nodiscard]] std::uint64_t bytes() const noexcept;

    /// Offsets without a record: marks of transactions and what compaction took.
    void set_hole(std::uint64_t from, std::uint64_t to);
    /// `at`, or the end of the hole it lies in.
    [[nodiscard]] std::uint64_t beyond_hole(std::uint64_t at) const;

private:
    mutable std::mutex mutex_;
    std::uint64_t hole_from_ = 0;
    std::uint64_t hole_to_ = 0;
};

struct dataset_state {
    explicit dataset_state(std::string called) : topic(std::move(called)) {}

    const std::string topic;
    std::atomic<std::uint64_t> message_bytes_max{0};  ///< of the topic; 0: not known

private:
    // both change when the dataset is opened again, while others use it: the table hands out copies
    friend class partition_table;
    dataset_spec spec_;
    std::vector<std::unique_ptr<partition_state>> partitions_;
};

class partition_table {
public:
    /// Adds the dataset or the partitions that are new; the topic of a dataset stays the same.
    dataset_state& put(const dataset_spec& spec, const std::string& topic);
    [[nodiscard]] dataset_state* find(const dataset_name& name) const;
    [[nodiscard]] result<partition_state*> find(const partition_ref& at) const;
    [[nodiscard]] std::vector<partition_state*> partitions() const;
    /// Of one dataset; empty when there is none of this name.
    [[nodiscard]] std::vector<partition_state*> partitions(const dataset_name& name) const;
    [[nodiscard]] std::vector<dataset_spec> specs() const;

private:
    mutable std::shared_mutex mutex_;
    std::map<std::string, std::unique_ptr<dataset_state>, std::less<>> datasets_;
    std::uint64_t next_cache_id_ = 1;
};

}  // namespace sluice::datasets::kafka
