#include "datasets/embedded/rocks_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <filesystem>

#include "datasets/embedded/rocksdb_logger.hpp"
#include "datasets/embedded/table_footer.hpp"
#include "datasets/embedded/test_faults.hpp"

namespace sluice::datasets::embedded {

namespace {

constexpr std::uint64_t mib = 1ull << 20;

rocksdb::ColumnFamilyOptions small_family(const std::shared_ptr<rocksdb::Cache>& cache)
{
    rocksdb::ColumnFamilyOptions o;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    o.compression = rocksdb::kNoCompression;
    o.write_buffer_size = 8 * mib;
    return o;
}

rocksdb::ColumnFamilyOptions records_family(const std::shared_ptr<rocksdb::Cache>& cache)
{
    auto o = small_family(cache);
    // Values are compressed by us before they reach the WAL; blob files are written once and never
    // merged.
    o.enable_blob_files = true;
    o.min_blob_size = 1024;
    o.blob_file_size = 256 * mib;
    o.blob_compression_type = rocksdb::kNoCompression;
    o.write_buffer_size = 32 * mib;  // up to four at once, within the memory that is promised
    if (read_test_faults().has_small_buffers) o.write_buffer_size = mib / 4;
    o.max_write_buffer_number = 4;
    return o;
}

/// Lets crash tests end the process while tables are written.
class flush_crashes final : public rocksdb::EventListener {
public:
    void OnFlushBegin(rocksdb::DB*, const rocksdb::FlushJobInfo&) override
    {
        crash_here(crash_place::flush_begin);
    }
    void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override
    {
        crash_here(crash_place::flush_end);
    }
};

}  // namespace

rocksdb::DBOptions database_options(const store_open_mode& mode)
{
    rocksdb::DBOptions o;
    if (mode.env) o.env = mode.env;
    o.create_missing_column_families = !mode.is_read_only;
    o.info_log = make_rocksdb_logger();
    // A torn tail is a crash and passes; damage before the tail must be seen, not skipped in
    // silence.
    o.wal_recovery_mode = mode.skips_damaged_wal
                              ? rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords
                              : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    o.paranoid_checks = !mode.tolerates_damaged_files;
    o.max_total_wal_size = 128 * mib;  // bounds the replay after a crash
    o.bytes_per_sync = mib;  // no burst of dirty pages in the way of the next group's sync
    o.skip_stats_update_on_db_open = true;
    o.skip_checking_sst_file_sizes_on_db_open = true;
    o.max_background_jobs = 2;
    o.max_open_files = mode.is_read_only ? -1 : 512;
    o.max_file_opening_threads = 1;
    o.stats_dump_period_sec = 0;
    o.stats_persist_period_sec = 0;
    o.listeners.push_back(std::make_shared<flush_crashes>());
    return o;
}

std::vector<rocksdb::ColumnFamilyDescriptor> column_families()
{
    auto cache = rocksdb::NewLRUCache(8 * mib);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, small_family(cache));
    families.emplace_back("records", records_family(cache));
    families.emplace_back("index", small_family(cache));
    families.emplace_back("cursors", small_family(cache));
    families.emplace_back("documents", small_family(cache));
    return families;
}

namespace {

/// A folder with files but without CURRENT is damaged. RocksDB would take it for a new one and
/// delete what it finds there.
bool is_absent_or_empty(const std::string& path)
{
    std::error_code ec;
    auto items = std::filesystem::directory_iterator(path, ec);
    return ec || items == std::filesystem::directory_iterator();
}

}  // namespace

rocksdb::Status sync_folder(rocksdb::Env& env, const std::string& path)
{
    std::unique_ptr<rocksdb::Directory> folder;
    auto status = env.NewDirectory(path.empty() ? "." : path, &folder);
    return status.ok() ? folder->Fsync() : status;
}

rocksdb::Status rocks_store::open(const std::string& path, const store_open_mode& mode,
                                  std::unique_ptr<rocks_store>& into)
{
    std::unique_ptr<rocks_store> store(new rocks_store);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    auto options = database_options(mode);
    options.create_if_missing = !mode.is_read_only && is_absent_or_empty(path);
    std::error_code ec;  // a folder that is missing would be reported as an error before it is made
    if (options.create_if_missing) {
        std::filesystem::create_directories(path, ec);
        // RocksDB syncs what is in the folder, not the folder's own name
        auto synced = sync_folder(*options.env, std::filesystem::path(path).parent_path());
        if (!synced.ok()) return synced;
    }
    if (check_properties(path, !mode.is_read_only) > 0 && mode.is_read_only) {
        return rocksdb::Status::Corruption("a table is damaged; a start of the gateway mends it");
    }
    auto status =
        mode.is_read_only
            ? rocksdb::DB::OpenForReadOnly(options, path, column_families(), &handles, &db)
            : rocksdb::DB::Open(options, path, column_families(), &handles, &db);
    if (!status.ok()) return status;
    store->db_.reset(db);
    std::copy(handles.begin(), handles.end(), store->handles_.begin());
    into = std::move(store);
    return status;
}

rocks_store::~rocks_store()
{
    for (auto* handle : handles_) {
        if (handle) db_->DestroyColumnFamilyHandle(handle);
    }
    // After an I/O error Close() reports the same error again: it has been handled when it
    // happened.
    if (db_) db_->Close().PermitUncheckedError();
}

rocksdb::Status rocks_store::recreate(family f)
{
    auto& handle = handles_[static_cast<std::size_t>(f)];
    const auto name = handle->GetName();
    const auto options = column_families()[static_cast<std::size_t>(f)].options;
    auto status = db_->DropColumnFamily(handle);
    if (!status.ok()) return status;
    db_->DestroyColumnFamilyHandle(handle);
    handle = nullptr;
    return db_->CreateColumnFamily(options, name, &handle);
}

std::unique_ptr<rocksdb::Iterator> rocks_store::iterate(family f) const
{
    return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions(), at(f)));
}

}  // namespace sluice::datasets::embedded
