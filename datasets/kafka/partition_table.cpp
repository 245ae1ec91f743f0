#include "datasets/kafka/partition_table.hpp"

#include <fmt/format.h>

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

std::uint64_t partition_state::bytes() const noexcept
{
    const auto records = seen_records.load(std::memory_order_relaxed);
    if (records == 0) return 0;
    const auto first = begin.load(std::memory_order_relaxed);
    const auto last = newest_end();
    const auto kept = last > first ? last - first : 0;
    return kept * (seen_bytes.load(std::memory_order_relaxed) / records);
}

void partition_state::set_hole(std::uint64_t from, std::uint64_t to)
{
    std::lock_guard lock(mutex_);
    hole_from_ = from;
    hole_to_ = to;
}

std::uint64_t partition_state::beyond_hole(std::uint64_t position) const
{
    std::lock_guard lock(mutex_);
    return position >= hole_from_ && position < hole_to_ ? hole_to_ : position;
}

dataset_state& partition_table::put(const dataset_spec& spec, const std::string& topic)
{
    std::unique_lock lock(mutex_);
    auto& entry = datasets_[spec.name.value()];
    if (!entry) entry = std::make_unique<dataset_state>(topic);
    entry->spec_ = spec;
    while (entry->partitions_.size() < spec.partitions) {
        auto p = std::make_unique<partition_state>();
        p->at = {spec.name, partition_id{static_cast<std::uint32_t>(entry->partitions_.size())}};
        p->dataset = entry.get();
        p->cache_id = next_cache_id_++;
        entry->partitions_.push_back(std::move(p));
    }
    return *entry;
}

dataset_state* partition_table::find(const dataset_name& name) const
{
    std::shared_lock lock(mutex_);
    auto found = datasets_.find(name.value());
    return found == datasets_.end() ? nullptr : found->second.get();
}

result<partition_state*> partition_table::find(const partition_ref& at) const
{
    std::shared_lock lock(mutex_);
    auto found = datasets_.find(at.dataset.value());
    if (found == datasets_.end()) {
        return failure{make_error_code(log_errc::unknown_dataset),
                       fmt::format("unknown dataset \"{}\"", at.dataset.value())};
    }
    const auto& list = found->second->partitions_;
    if (at.partition.value() >= list.size()) {
        return failure{make_error_code(log_errc::unknown_partition),
                       fmt::format("dataset \"{}\" has no partition {}: it has {}",
                                   at.dataset.value(), at.partition.value(), list.size())};
    }
    return list[at.partition.value()].get();
}

std::vector<partition_state*> partition_table::partitions() const
{
    std::shared_lock lock(mutex_);
    std::vector<partition_state*> out;
    for (const auto& [name, dataset] : datasets_) {
        for (const auto& p : dataset->partitions_) out.push_back(p.get());
    }
    return out;
}

std::vector<partition_state*> partition_table::partitions(const dataset_name& name) const
{
    std::shared_lock lock(mutex_);
    std::vector<partition_state*> out;
    auto found = datasets_.find(name.value());
    if (found == datasets_.end()) return out;
    for (const auto& p : found->second->partitions_) out.push_back(p.get());
    return out;
}

std::vector<dataset_spec> partition_table::specs() const
{
    std::shared_lock lock(mutex_);
    std::vector<dataset_spec> out;
    for (const auto& [name, dataset] : datasets_) out.push_back(dataset->spec_);
    return out;
}

}  // namespace sluice::datasets::kafka
