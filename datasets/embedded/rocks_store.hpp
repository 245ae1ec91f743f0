#pragma once
// One open RocksDB with our column families and pinned options; the reasons for the options stand
// beside them. Opened by recovery, used by appender (writes) and everybody (reads). Closing waits
// for nobody.

#include <rocksdb/db.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::datasets::embedded {

enum class family : std::uint8_t { meta, records, index, cursors, documents };
inline constexpr std::size_t family_count = 5;

struct store_open_mode {
    bool is_read_only = false;
    bool skips_damaged_wal = false;  ///< second step of the ladder
    bool tolerates_damaged_files = false;
    rocksdb::Env* env = nullptr;  ///< null: the machine's; tests put faults into it
};

/// Makes the names in a folder durable: new files, renames, removals.
[[nodiscard]] rocksdb::Status sync_folder(rocksdb::Env& env, const std::string& path);
[[nodiscard]] rocksdb::DBOptions database_options(const store_open_mode& mode);
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> column_families();

inline rocksdb::Slice slice(std::string_view bytes)
{
    return {bytes.data(), bytes.size()};
}
inline std::string_view view(const rocksdb::Slice& bytes)
{
    return {bytes.data(), bytes.size()};
}

class rocks_store {
public:
    static rocksdb::Status open(const std::string& path, const store_open_mode& mode,
                                std::unique_ptr<rocks_store>& into);
    ~rocks_store();
    rocks_store(const rocks_store&) = delete;
    rocks_store& operator=(const rocks_store&) = delete;

    [[nodiscard]] rocksdb::DB& db() const noexcept { return *db_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* at(family f) const noexcept
    {
        return handles_[static_cast<std::size_t>(f)];
    }
    [[nodiscard]] std::unique_ptr<rocksdb::Iterator> iterate(family f) const;
    /// Drops the family with its files and makes an empty one. Nobody may use the store meanwhile.
    rocksdb::Status recreate(family f);

private:
    rocks_store() = default;
    std::unique_ptr<rocksdb::DB> db_;
    std::array<rocksdb::ColumnFamilyHandle*, family_count> handles_{};
};

}  // namespace sluice::datasets::embedded
