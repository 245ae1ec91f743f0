#include "datasets/embedded/recovery.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <thread>

#include "datasets/embedded/blob_salvage.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets::embedded {

namespace fs = std::filesystem;

namespace {

constexpr int inspect_attempts = 10;
constexpr std::chrono::milliseconds inspect_pause{30};

/// Immutable files are linked, those that RocksDB goes on writing are copied.
bool copy_store(const std::string& from, const std::string& to, bool only_wal)
{
    std::error_code ec;
    fs::create_directories(to, ec);
    for (const auto& item : fs::directory_iterator(from, ec)) {
        const auto extension = item.path().extension();
        const bool is_wal = extension == ".log";
        if (!item.is_regular_file() || (only_wal && !is_wal)) continue;
        const auto target = fs::path(to) / item.path().filename();
        if (extension == ".sst" || extension == ".blob") {
            fs::create_hard_link(item.path(), target, ec);
        } else {
            fs::copy_file(item.path(), target, ec);
        }
        if (ec) return false;
    }
    return !ec;
}

std::uint64_t count_keys(const rocks_store& store)
{
    std::uint64_t count = 0;
    for (auto f : {family::meta, family::index}) {
        auto it = store.iterate(f);
        for (it->SeekToFirst(); it->Valid(); it->Next()) ++count;
    }
    return count;
}

bool is_damage(const rocksdb::Status& status)
{
    // a vanished file is reported as an I/O error with "no such file"
    return status.IsCorruption() || status.IsInvalidArgument() || status.IsPathNotFound() ||
           status.IsNotFound() || status.ToString().find("No such file") != std::string::npos;
}

class ladder {
public:
    ladder(const data_folder& folder, std::string time)
        : folder_(folder), path_(folder.store_path()), time_(std::move(time))
    {
    }

    result<recovered_store> climb()
    {
        recovered_store out;
        status_ = rocks_store::open(path_, {}, out.store);
        if (status_.ok()) return out;
        if (!is_damage(status_)) return give_up();
        spdlog::error(
            "store: damaged ({}); recovery begins, the damaged files are kept in quarantine",
            status_.ToString());
        out.step = recovery_step::skipped_wal;
        if (copy_store(path_, folder_.quarantine_path(time_ + "-wal"), true) &&
            try_open({.skips_damaged_wal = true}, out)) {
            return out;
        }
        out.step = recovery_step::partly_read;
        if (try_open({.skips_damaged_wal = true, .tolerates_damaged_files = true}, out)) return out;
        out.step = recovery_step::repaired;
        if (repair(out)) return out;
        out.step = recovery_step::started_empty;
        return start_empty(out);
    }

private:
    failure give_up() const
    {
        return {
            make_error_code(log_errc::io),
            fmt::format("the store in {} cannot be opened: {}; check rights and free space of the "
                        "data folder",
                        path_, status_.ToString())};
    }

    bool try_open(const store_open_mode& mode, recovered_store& out)
    {
        status_ = rocks_store::open(path_, mode, out.store);
        return status_.ok();
    }

    /// Works on a copy: a repair that fails half-way leaves less than it found.
    bool repair(recovered_store& out)
    {
        const auto copy = path_ + ".repair";
        std::error_code ec;
        fs::remove_all(copy, ec);
        if (!copy_store(path_, copy, false)) return false;
        auto options = database_options({.skips_damaged_wal = true});
        options.create_if_missing = true;
        auto families = column_families();
        status_ = rocksdb::RepairDB(copy, options, families);
        if (status_.ok()) {
            std::unique_ptr<rocks_store> repaired;
            store_open_mode mode{.skips_damaged_wal = true, .tolerates_damaged_files = true};
            status_ = rocks_store::open(copy, mode, repaired);
            if (status_.ok() && count_keys(*repaired) > 0) {
                const auto saved = salvage_blobs(path_, *repaired);
                if (saved > 0) spdlog::warn("store: {} batches were taken from blob files", saved);
                repaired.reset();
                fs::create_directories(fs::path(folder_.quarantine_path(time_)).parent_path(), ec);
                fs::rename(path_, folder_.quarantine_path(time_), ec);
                if (!ec) fs::rename(copy, path_, ec);
                return !ec && try_open(mode, out);
            }
        }
        fs::remove_all(copy, ec);
        return false;
    }

    result<recovered_store> start_empty(recovered_store& out)
    {
        const auto aside = folder_.quarantine_path(time_);
        std::error_code ec;
        fs::create_directories(fs::path(aside).parent_path(), ec);
        fs::rename(path_, aside, ec);
        if (ec) return give_up();
        spdlog::error(
            "store: nothing of it could be read; it is kept in {} and the gateway starts with an "
            "empty one",
            aside);
        if (!try_open({}, out)) return give_up();
        return std::move(out);
    }

    const data_folder& folder_;
    std::string path_;
    std::string time_;
    rocksdb::Status status_;
};

}  // namespace

result<recovered_store> open_recovered(const data_folder& folder, wall_time now, bool is_read_only)
{
    if (is_read_only) {
        recovered_store out;
        rocksdb::Status status;
        // a running gateway may remove a file between the listing and the opening
        for (int attempt = 0; attempt < inspect_attempts; ++attempt) {
            status = rocks_store::open(folder.store_path(), {.is_read_only = true}, out.store);
            if (status.ok()) return out;
            std::this_thread::sleep_for(inspect_pause);
        }
        return failure{
            make_error_code(log_errc::io),
            fmt::format("the store in {} cannot be inspected: {}; if no gateway runs on it, "
                        "start one: it mends damage",
                        folder.store_path(), status.ToString())};
    }
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return ladder(folder, std::to_string(seconds)).climb();
}

}  // namespace sluice::datasets::embedded
