#include "datasets/embedded/blob_salvage.hpp"

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

}  // namespace sluice::datasets::embedded
