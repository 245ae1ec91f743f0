#pragma once
// The event log over RocksDB. Writes go through the appender's thread; reads are answered on the
// calling thread, from the cache or the store; a maintenance thread trims, watches free space and
// keeps the side file. Opened by open_log; close() or the destructor ends both threads.

#include "datasets/embedded/appender.hpp"
#include "datasets/embedded/data_folder.hpp"
#include "datasets/embedded/log_inventory.hpp"
#include "datasets/embedded/recovery.hpp"
#include "datasets/open_log.hpp"

namespace sluice::datasets::embedded {

class embedded_log final : public event_log {
public:
    /// `env` is for tests that make calls of the file system fail.
    static result<std::unique_ptr<embedded_log>> open(const log_settings& settings,
                                                      rocksdb::Env* env = rocksdb::Env::Default());
    ~embedded_log() override;
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
    std::vector<partition_id> owned_partitions(const dataset_name& dataset) const override;
    void watch_ownership(std::function<void(const dataset_name&)> handler) override;
    result<std::optional<cursor_state>> load_cursor(const cursor_name& name,
                                                    const partition_ref& at) const override;
    result<std::vector<cursor_update>> list_cursors() const override;
    result<std::vector<std::pair<std::string, std::string>>> list_documents(
        std::string_view collection) const override;
    result<offset> offset_at(const partition_ref& partition, wall_time when) const override;
    log_status status() const override;
    result<trim_result> trim(const partition_ref& partition, offset before,
                             bool is_dry_run) override;
    std::vector<offset_range> lost_ranges(const partition_ref& partition) const override;
    result<backup_report> backup(const std::string& folder) override;
    log_counts counts() const override { return counters_.counts(); }
    void close() override;

    /// One round of what the maintenance thread does; for tests, which decide when time passes.
    void maintain_now();
    /// How the store came up, and how many records were then found missing.
    [[nodiscard]] recovery_step opened_by() const noexcept { return opened_by_; }
    [[nodiscard]] std::uint64_t missing_at_open() const noexcept { return missing_at_open_; }
    [[nodiscard]] const appender_stats& stats() const noexcept { return appender_->stats(); }
    /// Stands for the free bytes of the disk in tests.
    void set_free_bytes_for_test(std::optional<std::uint64_t> bytes);

private:
    explicit embedded_log(const log_settings& settings, data_folder folder);

    result<void> open_store();
    result<std::uint64_t> count_stock(rocks_store& store, inventory_options& options);
    write_handler noting_cursors(const pending_write& write, write_handler handler);
    std::optional<failure> refusal(const pending_write& write) const;
    void count_refused(const pending_write& write, std::string_view reason) const;
    result<std::shared_ptr<const record_batch>> read_batch(partition_state& p, offset from);
    result<std::shared_ptr<const record_batch>> read_stored(partition_state& p, offset from);
    void note_damage(partition_state& p, offset base, std::uint32_t count, const std::string& what);
    result<void> write_blocking(std::unique_ptr<pending_write> write);
    [[nodiscard]] std::uint64_t free_bytes() const;
    void check_space();
    void trim_by_retention();
    result<void> verify_backup(const std::string& folder,
                               const std::vector<backup_part>& parts) const;
    void save_high_marks();
    void refresh();
    void run_maintenance();

    const log_settings settings_;
    const clock_source& clock_;
    data_folder folder_;
    mutable store_slot slot_;
    partition_table table_;
    batch_cache cache_;
    wait_list waits_;
    std::unique_ptr<appender> appender_;  ///< absent when read-only
    recovery_step opened_by_ = recovery_step::clean;
    std::uint64_t missing_at_open_ = 0;

    std::atomic<std::uint64_t> test_free_bytes_;
    std::atomic<bool> is_space_low_{false};
    std::atomic<bool> is_damage_seen_{false};  ///< while open: the next open mends it
    std::atomic<bool> is_closed_{false};
    std::mutex open_dataset_mutex_;
    std::mutex trim_mutex_;  ///< two trims of the same batches would count their bytes twice
    mutable log_counters counters_;
    std::mutex maintenance_mutex_;
    std::condition_variable maintenance_wake_;
    bool is_maintenance_over_ = false;
    std::mutex round_mutex_;  ///< one round of maintenance at a time, whoever asked for it
    data_folder::marks saved_marks_;
    data_folder::marks marks_at_open_;
    std::thread maintenance_;
};

}  // namespace sluice::datasets::embedded
