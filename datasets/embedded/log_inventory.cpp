#include "datasets/embedded/log_inventory.hpp"

#include <spdlog/spdlog.h>

#include "datasets/stored_batch.hpp"

namespace sluice::datasets::embedded {

namespace {

/// The settings are kept twice, in families and so in files of their own: without them nobody could
/// tell which records belong to which dataset.
void load_datasets(const rocks_store& store, partition_table& table)
{
    const std::pair<family, std::string> copies[] = {
        {family::documents, document_key(dataset_collection, "")},
        {family::meta, std::string(dataset_prefix)}};
    for (const auto& [in, prefix] : copies) {
        auto it = store.iterate(in);
        for (it->Seek(prefix); it->Valid() && view(it->key()).starts_with(prefix); it->Next()) {
            auto spec = decode_spec(view(it->key()).substr(prefix.size()), view(it->value()));
            if (spec) table.put(spec->first, spec->second);
        }
        if (!it->status().ok()) {
            spdlog::error("store: a list of datasets is not readable: {}", it->status().ToString());
        }
    }
}

void load_lost(const rocks_store& store, partition_state& p)
{
    auto prefix = lost_key(p.number, offset{0});
    prefix.resize(prefix.size() - 8);
    auto it = store.iterate(family::meta);
    for (it->Seek(slice(prefix)); it->Valid() && view(it->key()).starts_with(prefix); it->Next()) {
        auto key = parse_batch_key(view(it->key()).substr(lost_prefix.size()));
        auto end = decode_offset(view(it->value()));
        if (key && end) p.add_lost(key->second.value(), end->value());
    }
}

std::uint64_t trimmed_below(const rocks_store& store, partition_number number)
{
    std::string value;
    auto key = trim_key(number);
    if (!store.db().Get(rocksdb::ReadOptions(), store.at(family::meta), key, &value).ok()) return 0;
    return decode_offset(value).value_or(offset{0}).value();
}

/// Goes through the batches of one partition themselves and writes index entries anew. Where a
/// block cannot be read it goes on behind it, in growing steps.
void mend_index(const rocks_store& store, partition_number number, std::uint64_t limit)
{
    std::uint64_t at = 0;
    std::uint64_t step = 1;
    while (at <= limit) {
        auto it = store.iterate(family::records);
        it->Seek(slice(batch_key(number, offset{at}).bytes()));
        for (; it->Valid(); it->Next()) {
            auto key = parse_batch_key(view(it->key()));
            if (!key || key->first != number) return;
            at = key->second.value() + 1;
            auto header = check_batch(view(it->key()), view(it->value()));
            auto batch = open_batch(view(it->key()), view(it->value()));
            if (!header || !batch) {
                store.db().Delete({}, store.at(family::index), it->key()).PermitUncheckedError();
                continue;
            }
            step = 1;
            at = (*batch)->end().value();
            index_entry entry{
                header->count,       0,  static_cast<std::uint32_t>(it->value().size()),
                header->appended_at, {}, header->durable_through};
            for (const auto& r : (*batch)->records()) {
                entry.received_at_max = std::max(entry.received_at_max, r.received_at);
                entry.payload_bytes += static_cast<std::uint32_t>(r.content.size());
            }
            auto value = encode_index(entry);
            store.db()
                .Put({}, store.at(family::index), it->key(), slice({value.data(), value.size()}))
                .PermitUncheckedError();
        }
        if (it->status().ok()) return;
        at += step;
        step *= 2;
    }
}

/// Entries whose batch is gone must go too, else the index would promise what nobody can read.
void drop_orphans(const rocks_store& store, partition_number number)
{
    auto it = store.iterate(family::index);
    for (it->Seek(slice(batch_key(number, offset{0}).bytes())); it->Valid(); it->Next()) {
        auto key = parse_batch_key(view(it->key()));
        if (!key || key->first != number) return;
        std::string value;
        auto status = store.db().Get({}, store.at(family::records), it->key(), &value);
        if (status.ok() && check_batch(view(it->key()), value)) continue;
        store.db().Delete({}, store.at(family::index), it->key()).PermitUncheckedError();
    }
}

struct walk_result {
    std::uint64_t missing = 0;
    rocksdb::Status status;
};

walk_result walk_index(const rocks_store& store, partition_state& p)
{
    walk_result out;
    const auto trimmed = trimmed_below(store, p.number);
    std::uint64_t next = trimmed;
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> first;
    auto it = store.iterate(family::index);
    for (it->Seek(slice(batch_key(p.number, offset{trimmed}).bytes())); it->Valid(); it->Next()) {
        auto key = parse_batch_key(view(it->key()));
        if (!key || key->first != p.number) break;
        auto entry = decode_index(view(it->value()));
        const auto base = key->second.value();
        if (!entry || base < next) continue;
        out.missing += p.add_lost(next, base);
        if (!first) first = base;
        next = base + entry->count;
        bytes += entry->payload_bytes;
    }
    out.status = it->status();
    p.begin = std::max(trimmed, first.value_or(next));
    p.bytes = bytes;
    // records that were handed out before stay accounted for, even if they are gone now
    const auto known = std::max<std::uint64_t>(p.end.load(), p.synced.load());
    if (known > next) out.missing += p.add_lost(next, known);
    p.end = std::max(known, next);
    p.synced = p.end.load();
    if (!first) p.begin = p.end.load();
    return out;
}

/// Positions that were given out once: by side file and by cursors.
void raise_ends(const rocks_store& store, const inventory_options& options, partition_table& table)
{
    auto raise = [&table](partition_number number, std::uint64_t end) {
        if (auto* p = table.find(number)) p->synced = std::max(p->synced.load(), end);
    };
    for (const auto& [number, end] : options.high_marks) raise(number, end);
    auto it = store.iterate(family::cursors);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
        auto key = parse_cursor_key(view(it->key()));
        auto state = decode_cursor(view(it->value()));
        if (key && state) raise(key->first, state->next.value());
    }
}

void remember_lost(const rocks_store& store, partition_state& p)
{
    std::lock_guard lock(p.lost_mutex);
    for (const auto& [begin, end] : p.lost.ranges()) {
        store.db()
            .Put({}, store.at(family::meta), lost_key(p.number, offset{begin}),
                 encode_offset(offset{end}))
            .PermitUncheckedError();
    }
}

}  // namespace

std::uint64_t take_inventory(const rocks_store& store, const inventory_options& options,
                             partition_table& table)
{
    load_datasets(store, table);
    raise_ends(store, options, table);
    std::uint64_t missing = 0;
    for (auto* p : table.partitions()) {
        load_lost(store, *p);
        if (options.verifies_batches && !options.is_read_only) {
            drop_orphans(store, p->number);
            mend_index(store, p->number, p->synced.load() + (1u << 20));
        }
        auto walked = walk_index(store, *p);
        if (!walked.status.ok() && !options.is_read_only && !options.verifies_batches) {
            spdlog::error("store: the index of a partition is damaged ({}), it is made anew",
                          walked.status.ToString());
            mend_index(store, p->number, p->end.load() + (1u << 20));
            walked = walk_index(store, *p);
        }
        if (walked.missing > 0) {
            auto name = table.name_of(p->number);
            spdlog::error(
                "store: {} records of dataset {} partition {} are missing: damage has taken "
                "them; what is left is in order",
                walked.missing, name ? name->dataset.value() : "?", p->number.partition);
            if (!options.is_read_only) remember_lost(store, *p);
        }
        missing += walked.missing;
    }
    for (const auto& spec : table.specs()) {
        auto* dataset = table.find(spec.name);
        std::uint64_t bytes = 0;
        for (const auto& p : dataset->partitions) bytes += p->bytes;
        dataset->bytes = bytes;
    }
    return missing;
}

std::optional<std::pair<offset, index_entry>> find_entry(const rocks_store& store,
                                                         partition_number partition, offset from,
                                                         rocksdb::Status& status)
{
    auto it = store.iterate(family::index);
    it->SeekForPrev(slice(batch_key(partition, from).bytes()));
    bool is_before = true;
    for (;;) {
        std::optional<std::pair<partition_number, offset>> key;
        if (it->Valid()) key = parse_batch_key(view(it->key()));
        if (key && key->first == partition) {
            auto entry = decode_index(view(it->value()));
            if (entry && key->second + entry->count > from) return std::pair{key->second, *entry};
        } else if (!is_before) {
            break;
        }
        if (is_before) {
            is_before = false;
            it->Seek(slice(batch_key(partition, from).bytes()));
        } else {
            it->Next();
        }
    }
    status = it->status();
    return std::nullopt;
}

}  // namespace sluice::datasets::embedded
