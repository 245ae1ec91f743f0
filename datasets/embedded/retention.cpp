#include "datasets/embedded/retention.hpp"

namespace sluice::datasets::embedded {

namespace {

/// How far retention may go: the lowest offset that some reader still needs.
std::uint64_t unread_from(const rocks_store& store, const partition_table::trim_rule& rule,
                          const partition_state& p)
{
    std::uint64_t lowest = p.end.load();
    if (rule.spec.trim_unread) return lowest;
    for (const auto& reader : rule.readers) {
        std::string value;
        auto status =
            store.db().Get({}, store.at(family::cursors), cursor_key(p.number, reader), &value);
        auto state = status.ok() ? decode_cursor(value) : std::nullopt;
        lowest = std::min(lowest, state ? state->next.value() : p.begin.load());
    }
    return lowest;
}

}  // namespace

std::vector<pending_write::trim> plan_trim(const rocks_store& store,
                                           const partition_table::trim_rule& rule, wall_time now)
{
    std::uint64_t kept = 0;
    for (const auto* p : rule.partitions) kept += p->bytes;
    // every partition gives up its share of what is too much
    const auto excess =
        rule.spec.bytes_max && kept > *rule.spec.bytes_max ? kept - *rule.spec.bytes_max : 0;
    std::vector<pending_write::trim> out;
    for (auto* p : rule.partitions) {
        const auto limit = unread_from(store, rule, *p);
        const auto share = kept > 0
                               ? static_cast<std::uint64_t>(static_cast<double>(excess) *
                                                            static_cast<double>(p->bytes.load()) /
                                                            static_cast<double>(kept))
                               : 0;
        pending_write::trim trim{p, p->begin.load(), 0};
        auto it = store.iterate(family::index);
        for (it->Seek(slice(batch_key(p->number, offset{trim.to}).bytes())); it->Valid();
             it->Next()) {
            auto key = parse_batch_key(view(it->key()));
            auto entry = decode_index(view(it->value()));
            if (!key || key->first != p->number || !entry) break;
            const auto end = key->second.value() + entry->count;
            const bool is_old = rule.spec.age_max && entry->appended_at + *rule.spec.age_max <= now;
            const bool is_too_much = excess > 0 && trim.content_bytes < share;
            if (end > limit || (!is_old && !is_too_much)) break;
            trim.to = end;
            trim.content_bytes += entry->payload_bytes;
            trim.records += entry->count;
            if (is_old) trim.records_by_age += entry->count;
        }
        if (trim.to > p->begin.load()) out.push_back(trim);
    }
    return out;
}

pending_write::trim plan_trim_before(const rocks_store& store, partition_state& p,
                                     std::uint64_t before)
{
    pending_write::trim trim{&p, p.begin.load(), 0};
    auto it = store.iterate(family::index);
    for (it->Seek(slice(batch_key(p.number, offset{trim.to}).bytes())); it->Valid(); it->Next()) {
        auto key = parse_batch_key(view(it->key()));
        auto entry = decode_index(view(it->value()));
        if (!key || key->first != p.number || !entry) break;
        const auto end = key->second.value() + entry->count;
        if (end > before) break;
        trim.to = end;
        trim.content_bytes += entry->payload_bytes;
        trim.records += entry->count;
    }
    return trim;
}

void reclaim_space(const rocks_store& store, const std::vector<pending_write::trim>& trims)
{
    for (const auto& trim : trims) {
        batch_key from(trim.of->number, offset{0});
        batch_key to(trim.of->number, offset{trim.to});
        auto begin = slice(from.bytes());
        auto end = slice(to.bytes());
        for (auto f : {family::records, family::index}) {
            rocksdb::CompactRangeOptions options;
            options.exclusive_manual_compaction = false;
            store.db().CompactRange(options, store.at(f), &begin, &end).PermitUncheckedError();
        }
    }
}

}  // namespace sluice::datasets::embedded
