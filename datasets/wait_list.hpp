#pragma once
// Who waits for records beyond an offset. Thread-safe; handlers run without the lock, on the thread
// that moved the end (or on the waiter's own when there is nothing to wait for).

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "config/named_type.hpp"

namespace sluice::datasets {

class wait_list {
public:
    /// The end of a partition; it outlives the list and stands for the partition.
    using end_mark = std::atomic<std::uint64_t>;

    std::uint64_t add(const end_mark& end, offset seen, std::function<void()> handler);
    /// A handler that is being called at this moment on another thread may still run.
    void cancel(std::uint64_t id);
    /// Calls those whose wait for this partition is over.
    void wake(const end_mark& end);
    void clear();
    [[nodiscard]] bool has_any();

private:
    struct waiter {
        const end_mark* end;
        std::uint64_t seen;
        std::function<void()> handler;
    };
    std::mutex mutex_;
    std::uint64_t next_id_ = 1;
    std::unordered_map<std::uint64_t, waiter> waiters_;
};

}  // namespace sluice::datasets
