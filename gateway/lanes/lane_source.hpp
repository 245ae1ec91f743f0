#pragma once
// One partition as one lane reads it: how far it has begun, what has finished, what still has to be
// written with the next cursor commit. Belongs to its lane and lives on the lane's thread.

#include <memory>
#include <string>
#include <vector>

#include "datasets/event_log.hpp"
#include "gateway/lanes/offset_tracker.hpp"
#include "gateway/lanes/parked_event.hpp"
#include "gateway/log_awaitables.hpp"

namespace sluice::gateway {

/// A record bound for the retry log or the dead letters. It is written together with the cursor
/// that passes `from`, so there is never the one without the other.
struct parked_record {
    offset from;
    datasets::partition_ref to;
    std::shared_ptr<const datasets::record_batch> batch;  ///< keeps the event's bytes alive
    datasets::record_view event;
    std::string extra;
    wall_time at{};
};

enum class source_kind : std::uint8_t { dataset, retry };

class lane_source : public std::enable_shared_from_this<lane_source> {
public:
    lane_source(source_kind kind, datasets::partition_ref at, datasets::cursor_state from,
                datasets::event_log& log, const boost::asio::any_io_executor& on)
        : kind_(kind), at_(std::move(at)), tracker_(from), committed_(from), waiter_(log, on)
    {
    }

    [[nodiscard]] source_kind kind() const noexcept { return kind_; }
    [[nodiscard]] const datasets::partition_ref& at() const noexcept { return at_; }
    [[nodiscard]] offset_tracker& tracker() noexcept { return tracker_; }
    [[nodiscard]] const offset_tracker& tracker() const noexcept { return tracker_; }
    [[nodiscard]] log_waiter& waiter() noexcept { return waiter_; }

    /// The partition goes to another gateway: no record is begun any more, waits end.
    void leave()
    {
        is_leaving_ = true;
        waiter_.cancel();
    }
    [[nodiscard]] bool is_leaving() const noexcept { return is_leaving_; }

    /// Coroutines that work on this source: its reader and its deliveries. While there are any,
    /// somebody else holds the source too.
    [[nodiscard]] std::uint64_t users() const noexcept { return users_; }
    void enter() noexcept { ++users_; }
    void exit() noexcept { --users_; }

    void park(parked_record record) { parked_.push_back(std::move(record)); }

    [[nodiscard]] bool has_to_commit() const noexcept
    {
        return tracker_.committable().next != committed_.next;
    }
    /// The cursor to write and the parked records below it; they stay here until committed().
    struct commit {
        datasets::cursor_state state;
        std::vector<const parked_record*> parked;
    };
    [[nodiscard]] commit next_commit() const;
    /// The commit is durable: forget what it held.
    void committed(const datasets::cursor_state& state);

private:
    source_kind kind_;
    datasets::partition_ref at_;
    offset_tracker tracker_;
    datasets::cursor_state committed_;
    std::vector<parked_record> parked_;
    log_waiter waiter_;
    std::uint64_t users_ = 0;
    bool is_leaving_ = false;
};

}  // namespace sluice::gateway
