#include "datasets/wait_list.hpp"

#include <vector>

namespace sluice::datasets {

std::uint64_t wait_list::add(const end_mark& end, offset seen, std::function<void()> handler)
{
    std::uint64_t id = 0;
    {
        std::lock_guard lock(mutex_);
        id = next_id_++;
        // The end is read under the lock that wake() takes after moving it: no wake-up is missed.
        if (end.load(std::memory_order_acquire) <= seen.value()) {
            waiters_.emplace(id, waiter{&end, seen.value(), std::move(handler)});
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

void wait_list::wake(const end_mark& end)
{
    std::vector<std::function<void()>> due;
    {
        std::lock_guard lock(mutex_);
        const auto reached = end.load(std::memory_order_acquire);
        for (auto it = waiters_.begin(); it != waiters_.end();) {
            if (it->second.end == &end && it->second.seen < reached) {
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

}  // namespace sluice::datasets
