#include "datasets/batch_cache.hpp"

namespace sluice::datasets {

batch_cache::batch_cache(std::uint64_t bytes_max)
{
    head_.bytes_max = bytes_max - bytes_max / 4;
    old_.bytes_max = bytes_max / 4;
}

void batch_cache::add(segment& to, std::uint64_t partition,
                      std::shared_ptr<const record_batch> batch,
                      std::vector<std::shared_ptr<const record_batch>>& evicted)
{
    const auto bytes = batch->memory_bytes();
    if (bytes > to.bytes_max) return;
    key k{partition, batch->base().value()};
    auto [it, is_new] = entries_.try_emplace(k);
    if (!is_new) return;
    to.order.push_back(k);
    it->second = {std::move(batch), &to, std::prev(to.order.end()), bytes};
    to.bytes += bytes;
    while (to.bytes > to.bytes_max) {
        auto oldest = entries_.find(to.order.front());
        to.bytes -= oldest->second.bytes;
        evicted.push_back(std::move(oldest->second.batch));
        entries_.erase(oldest);
        to.order.pop_front();
    }
}

// What is evicted is freed after the lock is released.
void batch_cache::add_head(std::uint64_t partition, std::shared_ptr<const record_batch> batch)
{
    std::vector<std::shared_ptr<const record_batch>> evicted;
    std::lock_guard lock(mutex_);
    add(head_, partition, std::move(batch), evicted);
}

void batch_cache::add_old(std::uint64_t partition, std::shared_ptr<const record_batch> batch)
{
    std::vector<std::shared_ptr<const record_batch>> evicted;
    std::lock_guard lock(mutex_);
    add(old_, partition, std::move(batch), evicted);
}

std::shared_ptr<const record_batch> batch_cache::find(std::uint64_t partition, offset at)
{
    std::lock_guard lock(mutex_);
    auto it = entries_.upper_bound({partition, at.value()});
    if (it == entries_.begin()) return nullptr;
    --it;
    if (it->first.first != partition || it->second.batch->end() <= at) return nullptr;
    auto& e = it->second;
    e.in->order.splice(e.in->order.end(), e.in->order, e.place);
    return e.batch;
}

void batch_cache::clear()
{
    std::lock_guard lock(mutex_);
    entries_.clear();
    for (auto* s : {&head_, &old_}) {
        s->order.clear();
        s->bytes = 0;
    }
}

std::uint64_t batch_cache::bytes() const
{
    std::lock_guard lock(mutex_);
    return head_.bytes + old_.bytes;
}

}  // namespace sluice::datasets
