#include "datasets/embedded/partition_table.hpp"

#include "datasets/log_error.hpp"

namespace sluice::datasets::embedded {

result<partition_state*> partition_table::find(const partition_ref& ref) const
{
    std::shared_lock lock(mutex_);
    auto it = datasets_.find(ref.dataset);
    if (it == datasets_.end()) {
        return failure{make_error_code(log_errc::unknown_dataset),
                       fmt::format("there is no dataset `{}`; declare it under `datasets`",
                                   ref.dataset.value())};
    }
    const auto& partitions = it->second->partitions;
    if (ref.partition.value() >= partitions.size()) {
        return failure{make_error_code(log_errc::unknown_partition),
                       fmt::format("dataset `{}` has {} partitions, there is no number {}",
                                   ref.dataset.value(), partitions.size(), ref.partition.value())};
    }
    return partitions[ref.partition.value()].get();
}

partition_state* partition_table::find(partition_number number) const
{
    std::shared_lock lock(mutex_);
    auto it = by_number_.find(number.dataset);
    if (it == by_number_.end() || number.partition >= it->second->partitions.size()) return nullptr;
    return it->second->partitions[number.partition].get();
}

dataset_state* partition_table::find(const dataset_name& name) const
{
    std::shared_lock lock(mutex_);
    auto it = datasets_.find(name);
    return it == datasets_.end() ? nullptr : it->second.get();
}

dataset_state& partition_table::put(std::uint32_t number, const dataset_spec& spec)
{
    std::unique_lock lock(mutex_);
    auto& slot = datasets_[spec.name];
    if (!slot) {
        slot = std::make_unique<dataset_state>();
        slot->number = number;
        by_number_[number] = slot.get();
    }
    slot->spec = spec;
    slot->quota = spec.quota_bytes.value_or(UINT64_MAX);
    while (slot->partitions.size() < spec.partitions) {
        auto p = std::make_unique<partition_state>();
        p->number = {slot->number, static_cast<std::uint32_t>(slot->partitions.size())};
        p->dataset = slot.get();
        slot->partitions.push_back(std::move(p));
    }
    slot->spec.partitions = static_cast<std::uint32_t>(slot->partitions.size());
    return *slot;
}

std::uint32_t partition_table::next_number() const
{
    std::shared_lock lock(mutex_);
    return by_number_.empty() ? 1 : by_number_.rbegin()->first + 1;
}

std::vector<dataset_spec> partition_table::specs() const
{
    std::shared_lock lock(mutex_);
    std::vector<dataset_spec> out;
    for (const auto& [name, dataset] : datasets_) out.push_back(dataset->spec);
    return out;
}

std::vector<partition_state*> partition_table::partitions() const
{
    std::shared_lock lock(mutex_);
    std::vector<partition_state*> out;
    for (const auto& [name, dataset] : datasets_) {
        for (const auto& p : dataset->partitions) out.push_back(p.get());
    }
    return out;
}

std::optional<partition_ref> partition_table::name_of(partition_number number) const
{
    std::shared_lock lock(mutex_);
    auto it = by_number_.find(number.dataset);
    if (it == by_number_.end()) return std::nullopt;
    return partition_ref{it->second->spec.name, partition_id{number.partition}};
}

bool partition_table::note_cursor(const std::string& key)
{
    if (has_cursor(key)) return false;
    std::unique_lock lock(mutex_);
    return cursors_.insert(key).second;
}

bool partition_table::has_cursor(const std::string& key) const
{
    std::shared_lock lock(mutex_);
    return cursors_.contains(key);
}

void partition_table::set_readers(const dataset_name& name, std::vector<cursor_name> readers)
{
    std::unique_lock lock(mutex_);
    auto it = datasets_.find(name);
    if (it == datasets_.end()) return;
    it->second->readers = std::move(readers);
    it->second->has_readers_set = true;
}

std::vector<partition_table::trim_rule> partition_table::trim_rules() const
{
    std::shared_lock lock(mutex_);
    std::vector<trim_rule> out;
    for (const auto& [name, dataset] : datasets_) {
        if (!dataset->spec.age_max && !dataset->spec.bytes_max) continue;
        if (!dataset->has_readers_set && !dataset->spec.trim_unread) continue;
        trim_rule rule{dataset->spec, dataset->readers, {}};
        for (const auto& p : dataset->partitions) rule.partitions.push_back(p.get());
        out.push_back(std::move(rule));
    }
    return out;
}

}  // namespace sluice::datasets::embedded
