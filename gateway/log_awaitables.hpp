#pragma once
// The event log's reads and waits for coroutines. The log calls back on a thread of its own; these
// resume the coroutine on the executor it runs on. A wait that is cancelled (stop) returns at once.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "config/result.hpp"
#include "datasets/event_log.hpp"

namespace sluice::gateway {

/// The batch at or after `from`, or null at the end of the log. Answers without suspending when the
/// log answers at once, as the embedded engine does.
[[nodiscard]] boost::asio::awaitable<result<std::shared_ptr<const datasets::record_batch>>>
async_read(datasets::event_log& log, const datasets::partition_ref& partition, offset from);

/// Writes and suspends until the log says that it is durable (or why not). For writes that are rare
/// beside events: cursors, retries, dead letters; ingest has a path of its own (completion_queue).
[[nodiscard]] boost::asio::awaitable<result<datasets::write_receipt>> async_commit(
    datasets::event_log& log, const datasets::log_write& what);

/// Wakes coroutines of one thread: `wait` suspends until the next `notify_all`. Any number of
/// waiters. A notification reaches only who waits already, so check the condition right before
/// waiting.
class wake_signal {
public:
    explicit wake_signal(boost::asio::any_io_executor on) : on_(std::move(on)) {}

    void notify_all();
    boost::asio::awaitable<void> wait();
    /// Returns at `until` at the latest.
    boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point until);

private:
    boost::asio::any_io_executor on_;
    std::vector<boost::asio::steady_timer*> waiting_;  ///< each on the frame of its waiter
};

/// Suspends until the partition has records beyond `seen`, or until cancel().
class log_waiter {
public:
    log_waiter(datasets::event_log& log, const boost::asio::any_io_executor& on);
    ~log_waiter();
    log_waiter(const log_waiter&) = delete;
    log_waiter& operator=(const log_waiter&) = delete;

    boost::asio::awaitable<void> wait_beyond(const datasets::partition_ref& partition, offset seen);
    void cancel();

private:
    struct shared;
    datasets::event_log& log_;
    std::shared_ptr<shared> shared_;
};

}  // namespace sluice::gateway
