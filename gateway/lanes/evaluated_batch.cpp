#include "gateway/lanes/evaluated_batch.hpp"

#include <algorithm>

namespace sluice::gateway {

rules::event_input to_event_input(const datasets::record_view& record, std::string_view dataset,
                                  std::uint32_t partition)
{
    return {.json = record.content,
            .id = record.id,
            .type = record.type,
            .dataset = dataset,
            .datastream = record.datastream,
            .source = record.source,
            .key = record.key,
            .received_at = record.received_at,
            .partition = partition,
            .offset = record.position.value(),
            .request_json = {}};
}

std::shared_ptr<const evaluated_batch> evaluated_batch::evaluate(
    std::shared_ptr<const datasets::record_batch> records,
    std::shared_ptr<const rules::dataset_program> program, const datasets::partition_ref& from,
    rules::evaluation_scratch& scratch)
{
    const auto block = std::clamp<std::size_t>(records->size() * 512, 1024, 64 * 1024);
    std::shared_ptr<evaluated_batch> batch{new evaluated_batch(block)};
    batch->records_ = std::move(records);
    batch->program_ = std::move(program);
    batch->decisions_.reserve(batch->records_->size());
    for (const auto& record : batch->records_->records()) {
        const auto input = to_event_input(record, from.dataset.value(), from.partition.value());
        const auto errors = scratch.errors();
        batch->decisions_.push_back(batch->program_->decide(input, batch->arena_, scratch));
        if (scratch.errors() != errors) batch->in_error_.push_back(batch->decisions_.size() - 1);
    }
    return batch;
}

std::size_t evaluated_batch::memory_bytes() const noexcept
{
    return records_->memory_bytes() + arena_.bytes_used() +
           decisions_.size() * sizeof(rules::decided_event) + sizeof(*this);
}

std::shared_ptr<const evaluated_batch> evaluated_batch_cache::find(
    const datasets::partition_ref& partition, offset at, const rules::dataset_program& program)
{
    std::lock_guard lock(mutex_);
    auto next = by_base_.upper_bound({partition, at});
    if (next != by_base_.begin()) {
        const auto found = std::prev(next);
        const auto& e = *found->second;
        if (e.partition == partition && at < e.batch->records().end() &&
            &e.batch->program() == &program) {
            ++hits_;
            entries_.splice(entries_.begin(), entries_, found->second);
            return e.batch;
        }
    }
    ++misses_;
    return nullptr;
}

void evaluated_batch_cache::put(const datasets::partition_ref& partition,
                                const std::shared_ptr<const evaluated_batch>& batch)
{
    std::lock_guard lock(mutex_);
    const std::pair key{partition, batch->records().base()};
    if (const auto old = by_base_.find(key); old != by_base_.end()) {
        bytes_ -= old->second->batch->memory_bytes();
        entries_.erase(old->second);
        by_base_.erase(old);
    }
    entries_.push_front({partition, batch});
    by_base_[key] = entries_.begin();
    bytes_ += batch->memory_bytes();
    evict();
}

void evaluated_batch_cache::evict()
{
    while (bytes_ > bytes_max_ && entries_.size() > 1) {
        const auto& last = entries_.back();
        bytes_ -= last.batch->memory_bytes();
        by_base_.erase({last.partition, last.batch->records().base()});
        entries_.pop_back();
    }
}

void evaluated_batch_cache::clear()
{
    std::lock_guard lock(mutex_);
    by_base_.clear();
    entries_.clear();
    bytes_ = 0;
}

std::size_t evaluated_batch_cache::bytes() const
{
    std::lock_guard lock(mutex_);
    return bytes_;
}

std::uint64_t evaluated_batch_cache::hits() const
{
    std::lock_guard lock(mutex_);
    return hits_;
}

std::uint64_t evaluated_batch_cache::misses() const
{
    std::lock_guard lock(mutex_);
    return misses_;
}

}  // namespace sluice::gateway
