#pragma once
// The event log over a Kafka cluster: datasets are topics, cursors are committed offsets, documents
// a compacted topic, ownership a consumer group (README.md). The log has threads of its own;
// close() or the destructor ends them. Nothing of librdkafka shows here.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "config/settings_kafka.hpp"
#include "datasets/event_log.hpp"
#include "datasets/kafka/kafka_stats.hpp"

namespace sluice::datasets::kafka {

struct kafka_log_options {
    std::uint64_t cache_bytes_max = 64ull << 20;
    const clock_source* clock = nullptr;  ///< null: the machine's
    /// For tools beside a running gateway: joins no group, may read everything, writes nothing.
    bool is_read_only = false;
    /// A command that writes (redrive, replay, cursors): joins no group either, works on every
    /// partition, opens no dataset.
    bool is_tool = false;
    /// Refuses events until let_spool_flow(true): a gateway without a spool.
    bool waits_for_lanes = false;
    [[nodiscard]] bool joins_group() const noexcept { return !is_read_only && !is_tool; }
    std::chrono::milliseconds retention_period{10'000};
    std::chrono::milliseconds recommit_period{3'600'000};
};

class kafka_log final : public event_log {
public:
    /// Succeeds without a cluster, too: then `status` tells, and open_dataset fails. Fails when the
    /// settings can't be used.
    static result<std::unique_ptr<kafka_log>> open(const config::kafka_settings& settings,
                                                   const kafka_log_options& options);
    ~kafka_log() override;
    [[nodiscard]] static std::string library_version();

    result<void> open_dataset(const dataset_spec& spec) override;
    void set_readers(const dataset_name& dataset, std::vector<cursor_name> readers) override;
    void write(const log_write& what, write_handler handler) override;
    void read(const partition_ref& from_partition, offset from, read_handler handler) override;
    std::uint64_t wait_beyond(const partition_ref& partition, offset seen,
                              std::function<void()> handler) override;
    void cancel_wait(std::uint64_t id) override;
    result<partition_extent> extent(const partition_ref& partition) const override;
    std::vector<dataset_spec> list_datasets() const override;
    bool is_shared() const override { return options_.joins_group(); }
    std::vector<partition_id> owned_partitions(const dataset_name& dataset) const override;
    void watch_ownership(std::function<void(const dataset_name&)> handler) override;
    result<std::optional<cursor_state>> load_cursor(const cursor_name& name,
                                                    const partition_ref& at) const override;
    result<std::vector<cursor_update>> list_cursors() const override;
    result<std::vector<std::pair<std::string, std::string>>> list_documents(
        std::string_view collection) const override;
    result<offset> offset_at(const partition_ref& partition, wall_time when) const override;
    void let_spool_flow(bool has_begun) override
    {
        if (has_begun) has_begun_ = true;
    }
    log_status status() const override;
    std::vector<log_figure> figures() const override;
    std::uint64_t record_bytes_max(const dataset_name& dataset) const override;
    result<trim_result> trim(const partition_ref& partition, offset before,
                             bool is_dry_run) override;
    log_counts counts() const override { return counters_.counts(); }
    void close() override;

    [[nodiscard]] const kafka_stats& stats() const noexcept { return stats_; }
    /// One round of retention; the maintenance thread does it every `retention_period`.
    void maintain_now();
    /// Stores all cursors again, as the maintenance thread does every `recommit_period`.
    void recommit_now();
    /// Ends the producer's life the way a fatal error does; for tests.
    void break_producer_for_test();

private:
    struct engine;

    kafka_log(const config::kafka_settings& settings, const kafka_log_options& options);
    [[nodiscard]] std::optional<failure> refusal(const log_write& what) const;
    void run_maintenance();

    const config::kafka_settings settings_;
    const kafka_log_options options_;
    const std::uint64_t client_bytes_max_;
    const bool acks_too_early_;  ///< for the control of a crash test only
    mutable kafka_stats stats_;
    log_counters counters_;
    std::unique_ptr<engine> engine_;
    std::mutex open_dataset_mutex_;
    std::atomic<bool> is_closed_{false};
    std::atomic<bool> has_begun_{false};  ///< lanes have stored where they begin
    std::mutex mutex_;
    std::condition_variable wake_;
    std::uint64_t writes_in_flight_ = 0;
    bool is_maintenance_over_ = false;
    std::thread maintenance_;
};

}  // namespace sluice::datasets::kafka
