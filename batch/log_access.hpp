#pragma once
// The log's asynchronous calls as blocking ones, for the export's own threads. A handler that comes
// after the caller has given up finds its own copy of the shared state, never a dead stack.

#include <optional>

#include "datasets/event_log.hpp"

namespace sluice::batch {

[[nodiscard]] result<datasets::write_receipt> write_blocking(datasets::event_log& log,
                                                             const datasets::log_write& what);

/// The batch at or after `from`; null when there is none yet.
[[nodiscard]] result<std::shared_ptr<const datasets::record_batch>> read_blocking(
    datasets::event_log& log, const datasets::partition_ref& partition, offset from);

/// Hands out the records of [from, end) of one partition in order and keeps the batch in hand.
class record_reader {
public:
    record_reader(datasets::event_log& log, datasets::partition_ref partition, offset from,
                  offset end);

    /// The next record, or null at the end of the range. Valid while `owner()` of it is kept.
    [[nodiscard]] result<const datasets::record_view*> peek();
    void advance();
    [[nodiscard]] const std::shared_ptr<const datasets::record_batch>& owner() const
    {
        return batch_;
    }
    /// Everything before it was handed out or is lost.
    [[nodiscard]] offset position() const noexcept { return position_; }
    /// Records of the range that the log no longer has, up to position().
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

private:
    result<void> load();

    datasets::event_log& log_;
    datasets::partition_ref partition_;
    offset position_;
    offset end_;
    std::shared_ptr<const datasets::record_batch> batch_;
    std::size_t index_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace sluice::batch
