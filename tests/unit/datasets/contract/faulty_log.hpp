#pragma once
// A log with one planted fault in front of a good one: each law of the contract has to find the
// fault that breaks it.

#include "datasets/event_log.hpp"

namespace sluice::datasets::contract {

enum class planted : std::uint8_t {
    changes_a_byte,
    forgets_empty_keys,
    rounds_times,
    tells_the_next_offset,
    reverses_a_part,
    splits_writes,  ///< each record, then documents and cursors, in a write of its own
    acknowledges_before_it_writes,
    copies_too_late,
    reads_from_the_next,
    takes_unknown_names,
    confuses_internal_datasets,
    forgets_counts,
    lists_no_cursors,
    keeps_erased_documents,
    mixes_collections,
    finds_late_times,
    ignores_readers,
    trims_everything,
    wakes_twice,
    ignores_cancelling,
    wakes_too_early,
    drops_an_answer,
    answers_twice,
    closes_in_name_only,
    forgets_datasets,
    takes_partitions_away,
    adds_no_partitions,
    owns_nothing,
};

class faulty_log final : public event_log {
public:
    faulty_log(std::unique_ptr<event_log> good, planted fault)
        : good_(std::move(good)), fault_(fault)
    {
    }

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
    std::uint64_t record_bytes_max(const dataset_name& dataset) const override;
    result<trim_result> trim(const partition_ref& partition, offset before,
                             bool is_dry_run) override;
    void close() override;

private:
    [[nodiscard]] bool has(planted fault) const noexcept { return fault_ == fault; }
    [[nodiscard]] partition_ref place(const partition_ref& asked) const;
    void pass_on(const log_write& what, write_handler handler);
    void write_split(const log_write& what, const write_handler& handler);
    [[nodiscard]] write_handler spoiled(write_handler handler);

    std::unique_ptr<event_log> good_;
    const planted fault_;
    std::function<void()> late_;  ///< a write that is not yet copied
    std::uint64_t answered_ = 0;
    bool is_closed_ = false;
};

}  // namespace sluice::datasets::contract
