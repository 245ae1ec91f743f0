#pragma once
// Which records of one partition a lane has finished, and how. Records are begun in order and
// finish in any order; the cursor may only move to the lowest unfinished one (the watermark). Pure
// bookkeeping, one thread.

#include <cstdint>
#include <deque>

#include "datasets/event_log.hpp"

namespace sluice::gateway {

/// What became of a record; the worst part wins when one event made several requests.
enum class record_fate : std::uint8_t { filtered, delivered, retrying, dead, expired };

class offset_tracker {
public:
    /// Continues where a stored cursor stands.
    explicit offset_tracker(datasets::cursor_state from) : state_(from), next_(from.next) {}

    /// Starts the record at `at`, which is at or after next_to_begin(). A gap in between was
    /// trimmed or lost and counts as expired.
    void begin(offset at);
    /// Ends a record that was begun. Each record ends exactly once.
    void finish(offset at, record_fate fate);
    /// Counts everything below `to` that was never begun as expired (the log ends beyond a hole).
    void skip_to(offset to);

    [[nodiscard]] offset next_to_begin() const noexcept { return next_; }
    /// The cursor to commit: everything below `next` is finished and counted.
    [[nodiscard]] const datasets::cursor_state& committable() const noexcept { return state_; }
    [[nodiscard]] std::uint64_t unfinished() const noexcept { return unfinished_; }
    /// Finished records that wait for an earlier one.
    [[nodiscard]] std::uint64_t finished_ahead() const noexcept
    {
        return entries_.size() - unfinished_;
    }

private:
    struct entry {
        bool is_finished = false;
        record_fate fate = record_fate::filtered;
    };

    void advance();

    datasets::cursor_state state_;
    std::deque<entry> entries_;  ///< entries_[i] is the record at state_.next + i
    offset next_;
    std::uint64_t unfinished_ = 0;
};

}  // namespace sluice::gateway
