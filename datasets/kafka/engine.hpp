#pragma once
// The parts of an open kafka_log in the order in which they need each other; destroyed in reverse.
// Private to kafka_log.

#include "datasets/kafka/cursors/cursor_store.hpp"
#include "datasets/kafka/document_store.hpp"
#include "datasets/kafka/head_follower.hpp"
#include "datasets/kafka/kafka_log.hpp"
#include "datasets/kafka/ownership.hpp"
#include "datasets/kafka/producer.hpp"
#include "datasets/kafka/reader_pool.hpp"
#include "datasets/kafka/write_operation.hpp"

namespace sluice::datasets::kafka {

/// What retention has to know of who reads; thread-safe.
class retention_readers {
public:
    void set_readers(const dataset_name& dataset, std::vector<cursor_name> readers)
    {
        std::lock_guard lock(mutex_);
        readers_[dataset] = std::move(readers);
    }
    /// Nothing until they were told: then nothing may be trimmed.
    [[nodiscard]] std::optional<std::vector<cursor_name>> of(const dataset_name& dataset) const
    {
        std::lock_guard lock(mutex_);
        auto found = readers_.find(dataset);
        if (found == readers_.end()) return std::nullopt;
        return found->second;
    }

private:
    mutable std::mutex mutex_;
    std::map<dataset_name, std::vector<cursor_name>> readers_;
};

struct kafka_log::engine {
    static result<std::unique_ptr<engine>> open(const config::kafka_settings& settings,
                                                const kafka_log_options& options,
                                                kafka_stats& stats, log_counters& counters,
                                                std::function<void()> write_finished);
    engine(const config::kafka_settings& settings, const kafka_log_options& options,
           kafka_stats& counted, log_counters& by_reason)
        : stats(counted),
          counters(by_reason),
          called(settings.topic_prefix),
          cache(options.cache_bytes_max)
    {
    }

    /// Why the cluster can't be asked: known without waiting while it answers, else within a
    /// second.
    [[nodiscard]] std::optional<failure> absence() const;
    /// Fills the table with the topics that are there; for tools.
    [[nodiscard]] std::optional<failure> find_datasets();
    /// Asks the cluster where a partition begins and, unless it is followed, ends.
    [[nodiscard]] std::optional<failure> look_at(partition_state& partition) const;
    void read(partition_state& partition, offset from, read_handler handler);
    /// Removes what retention allows from the partitions that are ours.
    void trim(const clock_source& clock);
    void stop();
    [[nodiscard]] std::optional<failure> join_groups(const config::kafka_settings& settings);
    /// Whose members share out this dataset; null in tools.
    [[nodiscard]] ownership* owner_of(const dataset_name& dataset) const;

    kafka_stats& stats;
    log_counters& counters;
    names called;
    cluster_health health;
    partition_table table;
    batch_cache cache;
    wait_list waits;
    retention_readers retain;
    std::unique_ptr<cluster> asked;
    std::unique_ptr<producer> records;
    std::unique_ptr<document_store> documents;
    std::unique_ptr<cursor_store> cursors;
    std::unique_ptr<reader_pool> readers;
    std::unique_ptr<head_follower> follower;
    // absent in tools; two groups, because a group balances numbers of partitions, whatever they
    // hold: one gateway could get all datasets and the others all retries and dead letters
    std::unique_ptr<ownership> datasets_owner;
    std::unique_ptr<ownership> own_logs_owner;
    std::optional<write_links> links;

private:
    [[nodiscard]] std::uint64_t trim_limit(const partition_state& partition,
                                           const std::vector<cursor_name>& readers);
    [[nodiscard]] std::uint64_t wanted_begin(const dataset_spec& spec,
                                             const partition_state& partition, wall_time now) const;
};

}  // namespace sluice::datasets::kafka
