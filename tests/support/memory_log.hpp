#pragma once
// An event_log in memory for tests: keeps what is written, answers on a thread of its own like a
// real engine, and can be told to fail, to hold its answers back, to refuse, or to own only some
// partitions as a member of a cluster does.

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "datasets/event_log.hpp"

namespace sluice::test {

/// A copy of a record that was written.
struct kept_record {
    std::string id;
    std::optional<std::string> key;
    std::string type;
    std::string datastream;
    std::string source;
    wall_time received_at{};
    std::string content;
    std::string extra;
};

class memory_log final : public datasets::event_log {
public:
    memory_log();
    ~memory_log() override;

    /// Fails all later writes with this code, or none with an empty one.
    void fail_writes(boost::system::error_code code);
    /// Fails writes that hold a record with more bytes (`too_large`) or more records
    /// (`overloaded`).
    void limit_writes(std::size_t record_bytes, std::size_t records);
    /// From now on only these partitions of the dataset are owned; tells the watcher, on the
    /// calling thread, before it returns. Cursors of other partitions are refused. Before the first
    /// call everything is owned.
    void own(const std::string& dataset, const std::vector<std::uint32_t>& partitions);
    /// The same without telling anybody: as when a session is over and nobody has noticed yet.
    void lose_silently(const std::string& dataset, const std::vector<std::uint32_t>& kept);
    /// Answers nothing until release().
    void hold_answers();
    void release();
    /// Writes that have been handed over and not answered.
    [[nodiscard]] std::size_t waiting() const;
    [[nodiscard]] std::vector<kept_record> records(const std::string& dataset,
                                                   std::uint32_t partition = 0) const;

    result<void> open_dataset(const datasets::dataset_spec& spec) override;
    void set_readers(const dataset_name& dataset, std::vector<cursor_name> readers) override;
    void write(const datasets::log_write& what, datasets::write_handler handler) override;
    void read(const datasets::partition_ref& from_partition, offset from,
              datasets::read_handler handler) override;
    std::uint64_t wait_beyond(const datasets::partition_ref& partition, offset seen,
                              std::function<void()> handler) override;
    void cancel_wait(std::uint64_t id) override;
    result<datasets::partition_extent> extent(
        const datasets::partition_ref& partition) const override;
    std::vector<datasets::dataset_spec> list_datasets() const override;
    bool is_shared() const override;
    std::vector<partition_id> owned_partitions(const dataset_name& dataset) const override;
    void watch_ownership(std::function<void(const dataset_name&)> handler) override;
    result<std::optional<datasets::cursor_state>> load_cursor(
        const cursor_name& name, const datasets::partition_ref& at) const override;
    result<std::vector<datasets::cursor_update>> list_cursors() const override;
    result<std::vector<std::pair<std::string, std::string>>> list_documents(
        std::string_view collection) const override;
    result<offset> offset_at(const datasets::partition_ref& partition,
                             wall_time when) const override;
    datasets::log_status status() const override;
    /// Record by record: what is below `before` is no longer handed out.
    result<datasets::trim_result> trim(const datasets::partition_ref& partition, offset before,
                                       bool is_dry_run) override;
    void close() override;

private:
    struct waiter {
        std::uint64_t id = 0;
        datasets::partition_ref at;
        offset seen;
        std::function<void()> handler;
    };
    using partition_records = std::vector<kept_record>;

    void run();
    void post(std::function<void()> answer);
    [[nodiscard]] result<datasets::write_receipt> apply(const datasets::log_write& what);
    void wake_waiters();
    [[nodiscard]] bool is_owned(const datasets::partition_ref& at) const;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> answers_;
    std::map<datasets::partition_ref, partition_records> partitions_;
    std::map<datasets::partition_ref, std::uint64_t> begins_;
    std::map<std::pair<cursor_name, datasets::partition_ref>, datasets::cursor_state> cursors_;
    std::map<std::string, std::map<std::string, std::string>> documents_;
    std::vector<datasets::dataset_spec> datasets_;
    std::vector<waiter> waiters_;
    std::uint64_t next_waiter_ = 1;
    std::map<dataset_name, std::vector<partition_id>> owned_;  ///< absent: all
    /// Handed over while the watcher runs: their cursors may still be stored.
    std::set<datasets::partition_ref> leaving_;
    std::function<void(const dataset_name&)> watcher_;
    boost::system::error_code failing_;
    std::size_t record_bytes_max_ = SIZE_MAX;
    std::size_t records_max_ = SIZE_MAX;
    bool holds_ = false;
    bool is_closed_ = false;
    std::thread thread_;
};

}  // namespace sluice::test
