#pragma once
// Which partitions this gateway works on: membership in one consumer group over the topics of some
// datasets, through which no record flows. The contract stands at event_log::watch_ownership. One
// thread keeps the membership, another tells the watcher, so that a watcher who is slow can't make
// us lose everything.

#include <condition_variable>
#include <set>
#include <thread>

#include "datasets/kafka/client_settings.hpp"
#include "datasets/kafka/cluster_health.hpp"
#include "datasets/kafka/kafka_stats.hpp"
#include "datasets/kafka/partition_table.hpp"

namespace sluice::datasets::kafka {

class ownership {
public:
    using change_handler = std::function<void(const dataset_name&)>;

    static result<std::unique_ptr<ownership>> open(const config::kafka_settings& settings,
                                                   partition_table& table, cluster_health& health,
                                                   kafka_stats& stats);
    ~ownership();
    ownership(const ownership&) = delete;
    ownership& operator=(const ownership&) = delete;

    /// Adds a topic to those that are shared out. Any thread.
    void share(const std::string& topic, const dataset_name& dataset);
    void watch(change_handler handler);
    /// Called by the membership's thread for partitions that went away, after the watcher.
    void on_released(std::function<void(partition_state&)> handler);
    /// Tells the watcher, waits for it (bounded), leaves the group. Idempotent.
    void close();

private:
    ownership(const config::kafka_settings& settings, client_handle client, partition_table& table,
              cluster_health& health, kafka_stats& stats);
    static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                             rd_kafka_topic_partition_list_t* partitions, void* self);
    void assigned(rd_kafka_topic_partition_list_t* partitions);
    void revoked(rd_kafka_topic_partition_list_t* partitions);
    std::vector<partition_state*> shared_partitions();
    std::set<dataset_name> mark(const rd_kafka_topic_partition_list_t* partitions, bool owned);
    void end_commits();
    void claim_what_was_unknown();
    void tell(const std::set<dataset_name>& datasets);
    void wait_until_told();
    void subscribe_if_changed();
    void run();
    void run_watcher();

    const config::kafka_settings settings_;
    partition_table& table_;
    cluster_health& health_;
    kafka_stats& stats_;
    std::function<void(partition_state&)> released_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::map<std::string, dataset_name> topics_;
    steady_time subscribe_at_{};
    bool is_subscribed_ = true;
    std::atomic<bool> is_grown_{false};
    change_handler watcher_;
    std::set<dataset_name> untold_;
    bool is_telling_ = false;
    bool is_watcher_over_ = false;
    std::atomic<bool> is_over_{false};

    client_handle client_;
    std::thread watcher_thread_;
    std::thread thread_;
};

}  // namespace sluice::datasets::kafka
