// The questions that tools and start-up ask, apart from the path of events.

#include <spdlog/spdlog.h>

#include "datasets/embedded/embedded_log.hpp"
#include "datasets/embedded/log_inventory.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets::embedded {

namespace {

failure not_open()
{
    return {make_error_code(log_errc::closed), "the log is closed or being reopened; try again"};
}

failure unreadable(const rocksdb::Status& status)
{
    return {make_error_code(status.IsCorruption() ? log_errc::corrupt : log_errc::io),
            "reading the log failed: " + status.ToString()};
}

}  // namespace

result<partition_extent> embedded_log::extent(const partition_ref& partition) const
{
    auto p = table_.find(partition);
    if (!p) return p.error();
    return partition_extent{offset{(*p)->begin.load()}, offset{(*p)->end.load()},
                            (*p)->bytes.load(), (*p)->lost_total()};
}

std::vector<offset_range> embedded_log::lost_ranges(const partition_ref& partition) const
{
    std::vector<offset_range> out;
    auto p = table_.find(partition);
    if (!p) return out;
    std::lock_guard lock((*p)->lost_mutex);
    for (const auto& [begin, end] : (*p)->lost.ranges()) {
        out.push_back({offset{begin}, offset{end}});
    }
    return out;
}

std::vector<dataset_spec> embedded_log::list_datasets() const
{
    return table_.specs();
}

result<std::optional<cursor_state>> embedded_log::load_cursor(const cursor_name& name,
                                                              const partition_ref& at) const
{
    auto p = table_.find(at);
    if (!p) return p.error();
    std::shared_lock lock(slot_.mutex);
    if (!slot_.store) return not_open();
    const auto& store = *slot_.store;
    std::string value;
    const auto key = cursor_key((*p)->number, name);
    auto status = store.db().Get({}, store.at(family::cursors), key, &value);
    if (!status.ok() && !status.IsNotFound() && !status.IsCorruption()) return unreadable(status);
    auto state = status.ok() ? decode_cursor(value) : std::nullopt;
    if (state || (status.IsNotFound() && !table_.has_cursor(key))) return state;
    // sending twice is allowed, skipping is not
    spdlog::error("store: the cursor {} was lost to damage; it begins at the oldest record kept",
                  name.value());
    const offset begin{(*p)->begin.load()};
    return std::optional(cursor_state{begin, begin, {}});
}

result<std::vector<cursor_update>> embedded_log::list_cursors() const
{
    std::shared_lock lock(slot_.mutex);
    if (!slot_.store) return not_open();
    std::vector<cursor_update> out;
    auto it = slot_.store->iterate(family::cursors);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
        auto key = parse_cursor_key(view(it->key()));
        auto state = decode_cursor(view(it->value()));
        auto at = key ? table_.name_of(key->first) : std::nullopt;
        if (at && state) out.push_back({key->second, *at, *state});
    }
    if (!it->status().ok()) return unreadable(it->status());
    return out;
}

result<std::vector<std::pair<std::string, std::string>>> embedded_log::list_documents(
    std::string_view collection) const
{
    std::shared_lock lock(slot_.mutex);
    if (!slot_.store) return not_open();
    std::vector<std::pair<std::string, std::string>> out;
    const auto prefix = document_key(collection, "");
    auto it = slot_.store->iterate(family::documents);
    for (it->Seek(prefix); it->Valid() && view(it->key()).starts_with(prefix); it->Next()) {
        out.emplace_back(view(it->key()).substr(prefix.size()), view(it->value()));
    }
    if (!it->status().ok()) return unreadable(it->status());
    return out;
}

// The index tells the batch; within it the records are looked at. Receive times of one partition
// grow nearly, not strictly, so the first batch that reaches the time is searched from its start.
result<offset> embedded_log::offset_at(const partition_ref& partition, wall_time when) const
{
    auto p = table_.find(partition);
    if (!p) return p.error();
    std::shared_lock lock(slot_.mutex);
    if (!slot_.store) return not_open();
    const auto& store = *slot_.store;
    auto it = store.iterate(family::index);
    it->Seek(slice(batch_key((*p)->number, offset{(*p)->begin.load()}).bytes()));
    for (; it->Valid(); it->Next()) {
        auto key = parse_batch_key(view(it->key()));
        if (!key || key->first != (*p)->number) break;
        auto entry = decode_index(view(it->value()));
        if (!entry || entry->received_at_max < when) continue;
        std::string value;
        auto status = store.db().Get({}, store.at(family::records), it->key(), &value);
        if (!status.ok()) continue;
        auto batch = open_batch(view(it->key()), value);
        if (!batch) continue;
        for (const auto& record : (*batch)->records()) {
            if (record.received_at >= when) return record.position;
        }
    }
    if (!it->status().ok()) return unreadable(it->status());
    return offset{(*p)->end.load()};
}

}  // namespace sluice::datasets::embedded
