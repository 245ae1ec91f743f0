#include "datasets/embedded/log_inventory.hpp"

#include <spdlog/spdlog.h>

#include "datasets/embedded/salvage.hpp"
#include "datasets/log_error.hpp"

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

/// Kept twice as well: trimmed records must not be taken for lost ones.
std::uint64_t trimmed_below(const rocks_store& store, partition_number number)
{
    const auto key = trim_key(number);
    std::uint64_t below = 0;
    for (auto [in, name] : {std::pair{family::meta, key},
                            std::pair{family::documents, document_key(trim_collection, key)}}) {
        std::string value;
        if (!store.db().Get({}, store.at(in), name, &value).ok()) continue;
        below = std::max(below, decode_offset(value).value_or(offset{0}).value());
    }
    return below;
}

/// Which cursors there have ever been: one that damage has taken is not a new one.
void load_cursor_names(const rocks_store& store, partition_table& table)
{
    const auto prefix = document_key(cursor_collection, "");
    auto it = store.iterate(family::documents);
    for (it->Seek(prefix); it->Valid() && view(it->key()).starts_with(prefix); it->Next()) {
        table.note_cursor(std::string(view(it->key()).substr(prefix.size())));
    }
}

/// The entry is taken at its word only where the index ends a batch exactly there.
std::optional<stock_entry> trusted_stock(const rocks_store& store, partition_number number,
                                         std::uint64_t trimmed)
{
    std::string value;
    auto status = store.db().Get({}, store.at(family::meta), stock_key(number), &value);
    auto stock = status.ok() ? decode_stock(value) : std::nullopt;
    if (!stock || stock->begin < trimmed || stock->end < stock->begin) return std::nullopt;
    if (stock->begin == stock->end) return stock;
    auto it = store.iterate(family::index);
    it->SeekForPrev(slice(batch_key(number, offset{stock->end - 1}).bytes()));
    if (!it->Valid()) return std::nullopt;
    auto key = parse_batch_key(view(it->key()));
    auto entry = decode_index(view(it->value()));
    const bool is_right =
        key && key->first == number && entry && (key->second + entry->count).value() == stock->end;
    return is_right ? stock : std::nullopt;
}

struct inventory {
    std::uint64_t missing = 0;
    std::uint64_t walked = 0;
    std::map<partition_number, stock_entry> stock;
    rocksdb::Status status;
};

/// From the last stock entry on, or over the whole index when it cannot be trusted. Returns what is
/// missing and was not known to be.
std::uint64_t walk_index(const rocks_store& store, partition_state& p, bool counts_all,
                         inventory& out)
{
    std::vector<std::pair<std::uint64_t, std::uint64_t>> holes;
    const auto trimmed = trimmed_below(store, p.number);
    const auto stock = counts_all ? std::nullopt : trusted_stock(store, p.number, trimmed);
    std::uint64_t next = stock ? stock->end : trimmed;
    std::uint64_t bytes = stock ? stock->bytes : 0;
    std::optional<std::uint64_t> first;
    if (stock && stock->begin < stock->end) first = stock->begin;
    auto it = store.iterate(family::index);
    for (it->Seek(slice(batch_key(p.number, offset{next}).bytes())); it->Valid(); it->Next()) {
        auto key = parse_batch_key(view(it->key()));
        if (!key || key->first != p.number) break;
        ++out.walked;
        auto entry = decode_index(view(it->value()));
        const auto base = key->second.value();
        if (!entry || base < next) continue;
        if (base > next) holes.emplace_back(next, base);
        if (!first) first = base;
        next = base + entry->count;
        bytes += entry->payload_bytes;
    }
    if (!it->status().ok()) {
        // what cannot be read now is not lost yet
        out.status = it->status();
        holes.clear();
    }
    p.begin = std::max(trimmed, first.value_or(next));
    p.bytes = bytes;
    out.stock[p.number] = {p.begin.load(), next, bytes};
    // records that were handed out before stay accounted for, even if they are gone now
    const auto known = std::max<std::uint64_t>(p.end.load(), p.synced.load());
    if (known > next && it->status().ok()) holes.emplace_back(next, known);
    p.end = std::max(known, next);
    p.synced = p.end.load();
    if (!first) p.begin = p.end.load();
    std::uint64_t missing = 0;
    for (const auto& [from, to] : holes) missing += p.add_lost(from, to);
    return missing;
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

/// The next start need not count again what was counted now.
void remember_stock(const rocks_store& store, const inventory& found)
{
    constexpr std::uint64_t entries_min = 10'000;  // fewer are counted in no time
    if (found.walked < entries_min) return;
    for (const auto& [number, stock] : found.stock) {
        store.db()
            .Put({}, store.at(family::meta), stock_key(number), encode_stock(stock))
            .PermitUncheckedError();
    }
}

rocksdb::Status mend_all(rocks_store& store, const partition_table& table)
{
    // a block that cannot be read stays unreadable under whatever is written over it
    if (!is_readable(store, family::index)) {
        auto status = store.recreate(family::index);
        if (!status.ok()) return status;
    }
    for (auto* p : table.partitions()) mend_index(store, p->number);
    return {};
}

inventory walk_all(const rocks_store& store, const partition_table& table, bool counts_all)
{
    inventory out;
    for (auto* p : table.partitions()) {
        const auto missing = walk_index(store, *p, counts_all, out);
        out.missing += missing;
        if (missing == 0) continue;
        auto name = table.name_of(p->number);
        spdlog::error(
            "store: {} records of dataset {} partition {} are missing: damage has taken "
            "them; what is left is in order",
            missing, name ? name->dataset.value() : "?", p->number.partition);
    }
    return out;
}

}  // namespace

result<std::uint64_t> take_inventory(rocks_store& store, const inventory_options& options,
                                     partition_table& table)
{
    const bool may_write = !options.is_read_only;
    const bool mends = options.verifies_batches && may_write;
    rocksdb::Status mended;
    if (mends) {
        for (auto f : {family::documents, family::cursors}) {
            if (mended.ok()) mended = rebuild_family(store, f);
        }
    }
    if (mended.ok()) {
        load_datasets(store, table);
        load_cursor_names(store, table);
        raise_ends(store, options, table);
        for (auto* p : table.partitions()) load_lost(store, *p);
        if (mends) mended = mend_all(store, table);
    }
    if (!mended.ok()) {
        return failure{make_error_code(log_errc::io),
                       "the store could not be mended: " + mended.ToString()};
    }
    auto walked = walk_all(store, table, options.verifies_batches);
    if (!walked.status.ok() && may_write) {
        return failure{make_error_code(log_errc::corrupt),
                       "the index of the log is damaged: " + walked.status.ToString()};
    }
    for (auto* p : table.partitions()) {
        if (may_write && walked.missing > 0) remember_lost(store, *p);
    }
    if (may_write) remember_stock(store, walked);
    for (const auto& spec : table.specs()) {
        auto* dataset = table.find(spec.name);
        std::uint64_t bytes = 0;
        for (const auto& p : dataset->partitions) bytes += p->bytes;
        dataset->bytes = bytes;
    }
    return walked.missing;
}

std::uint64_t adopt_partition(const rocks_store& store, std::uint64_t mark, partition_state& p)
{
    load_lost(store, p);
    p.synced = std::max(p.synced.load(), mark);
    mend_index(store, p.number);
    inventory found;
    const auto missing = walk_index(store, p, true, found);
    if (missing > 0) remember_lost(store, p);
    p.dataset->bytes += p.bytes.load();
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
