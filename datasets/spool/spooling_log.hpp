#pragma once
// An event log whose writes don't stop while the cluster behind it can't be reached: events then go
// into an embedded log on this machine's disk and are forwarded, in order per partition, when the
// cluster is back. All but events of clients (cursors, retries, documents, reads) goes to the
// cluster as ever. Thread-safe; owns both logs and one thread. README.md has the states.

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "datasets/event_log.hpp"
#include "datasets/spool/rate_meter.hpp"
#include "datasets/spool/refused_events.hpp"

namespace sluice::datasets {

struct spool_settings {
    bool takes_events = true;  ///< false: an operator has turned it off, and what is left goes on
    std::uint64_t bytes_max = 10ull << 30;       ///< of events that wait, in all datasets
    std::uint64_t held_bytes_max = 16ull << 20;  ///< in memory, while a partition closes
    std::uint64_t closing_events_max = 1'000;    ///< a partition with fewer left may close
    /// Of one partition, forwarded at once: what a crash repeats at most.
    std::uint64_t group_events_max = 1'000;
    std::uint64_t group_bytes_max = 1ull << 20;
    std::uint64_t round_bytes_max = 16ull << 20;        ///< of all partitions, in memory at once
    std::chrono::milliseconds retry_period{200};        ///< between attempts to forward
    std::chrono::milliseconds retention{1'000};         ///< of what has been forwarded
    std::uint64_t record_bytes_max = 1'000'000;         ///< while the cluster's limit is unknown
    std::string refused_file = "spool-refused.ndjson";  ///< of events the cluster never takes
    const clock_source* clock = nullptr;                ///< null: the machine's
};

class spooling_log final : public event_log {
public:
    spooling_log(std::unique_ptr<event_log> cluster, std::unique_ptr<event_log> local,
                 spool_settings settings);
    ~spooling_log() override;

    result<void> prepare_dataset(const dataset_spec& spec) override;
    result<void> open_dataset(const dataset_spec& spec) override;
    void set_readers(const dataset_name& dataset, std::vector<cursor_name> readers) override;
    void write(const log_write& what, write_handler handler) override;
    void read(const partition_ref& from_partition, offset from, read_handler handler) override;
    std::uint64_t wait_beyond(const partition_ref& partition, offset seen,
                              std::function<void()> handler) override;
    void cancel_wait(std::uint64_t id) override;
    result<partition_extent> extent(const partition_ref& partition) const override;
    std::vector<dataset_spec> list_datasets() const override;
    bool is_shared() const override;
    std::vector<partition_id> owned_partitions(const dataset_name& dataset) const override;
    void watch_ownership(std::function<void(const dataset_name&)> handler) override;
    result<std::optional<cursor_state>> load_cursor(const cursor_name& name,
                                                    const partition_ref& at) const override;
    result<std::vector<cursor_update>> list_cursors() const override;
    result<std::vector<std::pair<std::string, std::string>>> list_documents(
        std::string_view collection) const override;
    result<offset> offset_at(const partition_ref& partition, wall_time when) const override;
    std::optional<wall_time> oldest_spooled() const override;
    void let_spool_flow(bool is_flowing) override;
    log_status status() const override;
    std::vector<log_figure> figures() const override;
    std::uint64_t record_bytes_max(const dataset_name& dataset) const override;
    result<trim_result> trim(const partition_ref& partition, offset before,
                             bool is_dry_run) override;
    std::vector<offset_range> lost_ranges(const partition_ref& partition) const override;
    log_counts counts() const override;
    void close() override;

    /// Events on this machine's disk that the cluster does not have yet.
    [[nodiscard]] std::uint64_t spooled_events() const;

private:
    enum class mode : std::uint8_t { direct, spooling, closing };
    struct spool_partition {
        mode state = mode::direct;
        std::atomic<std::uint64_t> in_flight{0};  ///< appends to the local log without an answer
        cursor_state forwarded;
        // of the thread that forwards
        std::uint64_t group_events = 0;  ///< at once; fewer after a failure, 0: not set yet
        std::uint32_t failures = 0;      ///< in a row
        std::uint32_t successes = 0;     ///< in a row
        std::chrono::steady_clock::time_point retry_at{};
        bool is_settled = false;  ///< closing, and no append was in flight any more
    };
    struct held_write;
    struct group;

    [[nodiscard]] bool is_spoolable(const log_write& what) const;
    [[nodiscard]] bool is_behind(const log_write& what) const;
    void route(const log_write& what, write_handler handler);
    void spool(const log_write& what, write_handler handler);
    void hold(const log_write& what, write_handler handler);
    void settle_held();
    void stop_closing();
    void refuse(const log_write& what, const write_handler& handler, std::string why);
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] std::uint64_t left_of(const partition_ref& at, const spool_partition& p) const;
    [[nodiscard]] std::uint64_t left_bytes() const;
    [[nodiscard]] std::uint64_t left_events() const;

    // spool_forwarding.cpp, on the log's thread
    void run();
    [[nodiscard]] std::vector<partition_ref> partitions_to_forward() const;
    [[nodiscard]] bool is_pausing(const partition_ref& at) const;
    bool forward(const std::vector<partition_ref>& waiting);
    [[nodiscard]] group gather(const partition_ref& at);
    bool judge(group& sent);
    bool divide(group& sent, const failure& error);
    void keep_cursors(const std::vector<group>& sent);
    void advance(const group& sent);
    bool may_go_direct(const partition_ref& at);
    void fall_back(const partition_ref& at);
    void tell(const partition_ref& at, const failure& trouble);
    void tell_of_forgotten_datasets() const;

    const std::unique_ptr<event_log> cluster_;
    const std::unique_ptr<event_log> local_;
    const spool_settings settings_;
    const refused_events refused_;
    log_counters counters_;
    std::size_t first_in_turn_ = 0;  ///< of the thread: the partition that a round begins with
    mutable std::mutex mutex_;       ///< guards all below; held while a write is handed to a log
    std::condition_variable wake_;
    std::map<partition_ref, spool_partition> partitions_;
    std::vector<held_write> held_;
    std::uint64_t held_bytes_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t forwarded_ = 0;
    std::uint64_t forwarded_bytes_ = 0;
    std::uint64_t refused_count_ = 0;
    std::uint64_t lost_ = 0;  ///< to damage of the disk, before they were forwarded
    rate_meter rate_;
    std::string trouble_;  ///< why forwarding fails, although the cluster can be reached
    bool is_flowing_ = false;
    bool is_told_ = false;  ///< that events go into the spool
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace sluice::datasets
