#pragma once
// Who waits for records beyond an offset. Thread-safe; handlers run without the lock, on the thread
// that moved the end (or on the waiter's own when there is nothing to wait for).

#include <functional>
#include <unordered_map>

#include "datasets/embedded/partition_table.hpp"

namespace sluice::datasets::embedded {

class wait_list {
public:
    std::uint64_t add(partition_state& partition, offset seen, std::function<void()> handler);
    /// A handler that is being called at this moment on another thread may still run.
    void cancel(std::uint64_t id);
    /// Calls those whose wait for this partition is over.
    void wake(partition_state& partition);
    void clear();
    [[nodiscard]] bool has_any();

private:
    struct waiter {
        partition_state* partition;
        std::uint64_t seen;
        std::function<void()> handler;
    };
    std::mutex mutex_;
    std::uint64_t next_id_ = 1;
    std::unordered_map<std::uint64_t, waiter> waiters_;
};

}  // namespace sluice::datasets::embedded
