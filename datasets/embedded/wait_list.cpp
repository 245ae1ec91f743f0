#include "datasets/embedded/wait_list.hpp"

namespace sluice::datasets::embedded {

std::uint64_t wait_list::add(partition_state& partition, offset seen, std::function<void()> handler)
{
    std::uint64_t id = 0;
    {
        std::lock_guard lock(mutex_);
        id = next_id_++;
        // The end is read under the lock that wake() takes after moving it: no wake-up is missed.
        if (partition.end.load(std::memory_order_acquire) <= seen.value()) {
            waiters_.emplace(id, waiter{&partition, seen.value(), std::move(handler)});
            return id;
        }
    }
    handler();
    return id;
}

void wait_list::cancel(std::uint64_t id)
{
    std::function<void()> dropped;
    std::lock_guard lock(mutex_);
    auto it = waiters_.find(id);
    if (it == waiters_.end()) return;
    dropped = std::move(it->second.handler);
    waiters_.erase(it);
}

void wait_list::wake(partition_state& partition)
{
    std::vector<std::function<void()>> due;
    {
        std::lock_guard lock(mutex_);
        const auto end = partition.end.load(std::memory_order_acquire);
        for (auto it = waiters_.begin(); it != waiters_.end();) {
            if (it->second.partition == &partition && it->second.seen < end) {
                due.push_back(std::move(it->second.handler));
                it = waiters_.erase(it);
            } else {
                ++it;
            }
        }
    }
    for (auto& handler : due) handler();
}

bool wait_list::has_any()
{
    std::lock_guard lock(mutex_);
    return !waiters_.empty();
}

void wait_list::clear()
{
    std::unordered_map<std::uint64_t, waiter> dropped;
    std::lock_guard lock(mutex_);
    dropped.swap(waiters_);
}

}  // namespace sluice::datasets::embedded
