#include "datasets/embedded/salvage.hpp"

#include <rocksdb/write_batch.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>

#include "datasets/embedded/key_layout.hpp"
#include "datasets/stored_batch.hpp"
#include "datasets/wire.hpp"

namespace sluice::datasets::embedded {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t file_header_bytes = 30;
constexpr std::size_t record_header_bytes = 32;
constexpr std::uint64_t batch_key_bytes = 16;
constexpr std::uint64_t value_bytes_limit = 256u << 20;

bool is_trimmed(const rocks_store& store, partition_number number, offset base)
{
    std::string value;
    auto status = store.db().Get({}, store.at(family::meta), trim_key(number), &value);
    return status.ok() && decode_offset(value).value_or(offset{0}) > base;
}

bool put_if_missing(rocks_store& store, const std::string& key, const std::string& value)
{
    auto parsed = parse_batch_key(key);
    if (!parsed || !check_batch(key, value)) return false;
    std::string found;
    auto status = store.db().Get({}, store.at(family::records), key, &found);
    if (status.ok() && check_batch(key, found)) return false;
    if (is_trimmed(store, parsed->first, parsed->second)) return false;
    return store.db().Put({}, store.at(family::records), key, value).ok();
}

/// A record is key length u64, value length u64, expiration u64, two checksums u32, key, value. A
/// length that makes no sense ends the file: what is behind it cannot be told apart any more.
std::uint64_t salvage_file(const fs::path& path, rocks_store& store)
{
    std::ifstream in(path, std::ios::binary);
    in.seekg(file_header_bytes);
    std::uint64_t saved = 0;
    std::string header(record_header_bytes, '\0');
    while (in.read(header.data(), record_header_bytes)) {
        wire::reader fields(header);
        auto key_bytes = fields.get<std::uint64_t>();
        auto value_bytes = fields.get<std::uint64_t>();
        if (key_bytes != batch_key_bytes || value_bytes > value_bytes_limit) break;
        std::string key(key_bytes, '\0');
        std::string value(value_bytes, '\0');
        if (!in.read(key.data(), static_cast<std::streamsize>(key.size()))) break;
        if (!in.read(value.data(), static_cast<std::streamsize>(value.size()))) break;
        if (put_if_missing(store, key, value)) ++saved;
    }
    return saved;
}

/// Follows the index while the batches are read, so that both are gone through once. Entries whose
/// batch is gone must go too, else the index would promise what nobody can read.
class index_mender {
public:
    index_mender(const rocks_store& store, partition_number number)
        : store_(store), number_(number), it_(store.iterate(family::index))
    {
        it_->Seek(slice(batch_key(number, offset{0}).bytes()));
    }

    /// Every entry below `end` is an orphan, whatever follows is not known yet.
    void drop_below(offset end)
    {
        for (; is_inside() && parse_batch_key(view(it_->key()))->second < end; it_->Next()) {
            store_.db().Delete({}, store_.at(family::index), it_->key()).PermitUncheckedError();
        }
    }

    void set(offset base, const index_entry& entry)
    {
        drop_below(base);
        const auto value = encode_index(entry);
        const std::string_view wanted(value.data(), value.size());
        const batch_key key(number_, base);
        const bool is_there = is_inside() && view(it_->key()) == key.bytes();
        const bool is_right = is_there && view(it_->value()) == wanted;
        if (is_there) it_->Next();
        if (is_right) return;
        store_.db()
            .Put({}, store_.at(family::index), slice(key.bytes()), slice(wanted))
            .PermitUncheckedError();
    }

private:
    bool is_inside() const
    {
        if (!it_->Valid()) return false;
        auto key = parse_batch_key(view(it_->key()));
        return key && key->first == number_;
    }

    const rocks_store& store_;
    partition_number number_;
    std::unique_ptr<rocksdb::Iterator> it_;
};

std::optional<index_entry> entry_of(std::string_view key, std::string_view value)
{
    auto header = check_batch(key, value);
    auto batch = open_batch(key, value);
    if (!header || !batch) return std::nullopt;
    index_entry entry{header->count,       0,  static_cast<std::uint32_t>(value.size()),
                      header->appended_at, {}, header->durable_through};
    entry.received_at_max = wall_time::min();
    for (const auto& r : (*batch)->records()) {
        entry.received_at_max = std::max(entry.received_at_max, r.received_at);
        entry.payload_bytes += static_cast<std::uint32_t>(r.content.size());
    }
    return entry;
}

constexpr std::uint64_t offsets_end = 1ull << 62;

}  // namespace

std::uint64_t salvage_blobs(const std::string& from, rocks_store& into)
{
    std::uint64_t saved = 0;
    std::error_code ec;
    for (const auto& item : fs::directory_iterator(from, ec)) {
        if (item.path().extension() == ".blob") saved += salvage_file(item.path(), into);
    }
    if (saved > 0) {
        for (auto f : {family::records, family::index}) {
            into.db().Flush(rocksdb::FlushOptions(), into.at(f)).PermitUncheckedError();
        }
    }
    return saved;
}

bool is_readable(const rocks_store& store, family f)
{
    auto it = store.iterate(f);
    for (it->SeekToFirst(); it->Valid(); it->Next()) continue;
    return it->status().ok();
}

rocksdb::Status rebuild_family(rocks_store& store, family f)
{
    if (is_readable(store, f)) return {};
    std::map<std::string, std::string> entries;
    auto it = store.iterate(f);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
        entries.emplace(view(it->key()), view(it->value()));
    }
    it = store.iterate(f);
    for (it->SeekToLast(); it->Valid(); it->Prev()) {
        if (!entries.emplace(view(it->key()), view(it->value())).second) break;
    }
    it.reset();
    spdlog::error("store: {} has a damaged block, {} entries of it could be read",
                  store.at(f)->GetName(), entries.size());
    auto status = store.recreate(f);
    rocksdb::WriteBatch batch;
    for (const auto& [key, value] : entries) batch.Put(store.at(f), key, value);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    if (status.ok()) status = store.db().Write(synced, &batch);
    return status;
}

// Where a block cannot be read it goes on behind it, in growing steps.
void mend_index(const rocks_store& store, partition_number number)
{
    index_mender index(store, number);
    std::uint64_t at = 0;
    std::uint64_t step = 1;
    bool is_over = false;
    while (at < offsets_end && !is_over) {
        auto it = store.iterate(family::records);
        it->Seek(slice(batch_key(number, offset{at}).bytes()));
        for (; it->Valid(); it->Next()) {
            auto key = parse_batch_key(view(it->key()));
            if (!key || key->first != number) break;
            at = key->second.value() + 1;
            auto entry = entry_of(view(it->key()), view(it->value()));
            if (!entry) continue;
            index.set(key->second, *entry);
            step = 1;
            at = key->second.value() + entry->count;
        }
        is_over = it->status().ok();
        at += step;
        step *= 2;
    }
    index.drop_below(offset{UINT64_MAX});
}

}  // namespace sluice::datasets::embedded
