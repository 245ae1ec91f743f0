#include "datasets/embedded/recovery.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "datasets/crc32c.hpp"
#include "datasets/embedded/salvage.hpp"
#include "datasets/log_error.hpp"
#include "datasets/wire.hpp"

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

/// The number of the first write in a write-ahead log; absent when it is empty or damaged. A record
/// is crc u32 (masked), length u16, type u8, then a batch that begins with its number.
std::optional<std::uint64_t> first_write_of(const fs::path& path)
{
    constexpr std::uint32_t mask_delta = 0xa282ead8u;
    std::ifstream in(path, std::ios::binary);
    std::string header(7, '\0');
    if (!in.read(header.data(), 7)) return std::nullopt;
    wire::reader fields(header);
    const auto masked = fields.get<std::uint32_t>() - mask_delta;
    const auto length = fields.get<std::uint16_t>();
    std::string bytes(length + 1u, header.back());
    if (length < 12 || !in.read(bytes.data() + 1, length)) return std::nullopt;
    if (crc32c(0, bytes) != (masked << 15 | masked >> 17)) return std::nullopt;
    return wire::reader(std::string_view(bytes).substr(1)).get<std::uint64_t>();
}

class ladder {
public:
    ladder(const data_folder& folder, std::string time)
        : folder_(folder), path_(folder.store_path()), time_(std::move(time))
    {
    }

    result<recovered_store> climb(bool expects_damage)
    {
        recovered_store out;
        finish_interrupted_repair();
        sort_logs();
        if (expects_damage) out.step = recovery_step::partly_read;
        if (try_open({.tolerates_damaged_files = expects_damage}, out)) return out;
        if (!is_damage(status_)) return give_up();
        spdlog::error(
            "store: damaged ({}); recovery begins, the damaged files are kept in quarantine",
            status_.ToString());
        if (!folder_.set_mending(true)) return give_up();
        out.step = recovery_step::skipped_wal;
        if (!copy_store(path_, folder_.quarantine_path(time_ + "-wal"), true)) return give_up();
        if (try_open({.skips_damaged_wal = true}, out)) return out;
        // a rung that fails for want of space or power says nothing about the next
        if (!is_damage(status_)) return give_up();
        out.step = recovery_step::partly_read;
        if (try_open({.skips_damaged_wal = true, .tolerates_damaged_files = true}, out)) return out;
        if (!is_damage(status_)) return give_up();
        out.step = recovery_step::repaired;
        if (repair(out)) return out;
        if (!is_damage(status_)) return give_up();
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

    bool try_open(store_open_mode mode, recovered_store& out)
    {
        mode.env = folder_.env();
        status_ = rocks_store::open(path_, mode, out.store);
        return status_.ok();
    }

    /// The damaged store is moved away only when its repaired copy is complete: a crash between the
    /// two renames must not end in an empty store.
    void finish_interrupted_repair()
    {
        std::error_code ec;
        if (fs::exists(path_, ec) || !fs::exists(repair_path(), ec)) return;
        fs::rename(repair_path(), path_, ec);
        if (!ec && sync_names()) spdlog::warn("store: an interrupted repair was completed");
    }

    /// RocksDB replays its write-ahead logs by number and aborts the process when it meets a write
    /// twice. A copy that somebody left goes to quarantine, exchanged names are exchanged back.
    void sort_logs()
    {
        std::map<std::string, std::uint64_t> first_writes;  // by name, and so by number
        std::map<std::uint64_t, std::string> names;
        std::error_code ec;
        for (const auto& item : fs::directory_iterator(path_, ec)) {
            if (item.path().extension() != ".log") continue;
            if (auto first = first_write_of(item.path())) first_writes[item.path()] = *first;
        }
        for (const auto& [name, first] : first_writes) {
            auto [it, is_new] = names.emplace(first, name);
            if (is_new) continue;
            spdlog::error("store: {} is a copy of {} and put aside", name, it->second);
            const auto aside = folder_.quarantine_path(time_ + "-copy");
            fs::create_directories(aside, ec);
            fs::rename(name, fs::path(aside) / fs::path(name).filename(), ec);
        }
        std::vector<std::string> by_name;
        for (const auto& [first, name] : names) by_name.push_back(name);
        std::sort(by_name.begin(), by_name.end());
        exchange_names(names, by_name);
    }

    static void exchange_names(const std::map<std::uint64_t, std::string>& names,
                               const std::vector<std::string>& by_name)
    {
        std::error_code ec;
        std::size_t place = 0;
        std::vector<std::pair<std::string, std::string>> moves;
        for (const auto& [first, name] : names) {
            if (name != by_name[place]) moves.emplace_back(name, by_name[place]);
            ++place;
        }
        if (moves.empty()) return;
        spdlog::error("store: the names of {} write-ahead logs were mixed up", moves.size());
        for (const auto& [from, to] : moves) fs::rename(from, to + ".sorting", ec);
        for (const auto& [from, to] : moves) fs::rename(to + ".sorting", to, ec);
    }

    std::string repair_path() const { return path_ + ".repair"; }

    bool sync_names()
    {
        status_ = sync_folder(*folder_.env(), fs::path(path_).parent_path());
        return status_.ok();
    }

    /// Works on a copy: a repair that fails half-way leaves less than it found.
    bool repair(recovered_store& out)
    {
        const auto copy = repair_path();
        std::error_code ec;
        fs::remove_all(copy, ec);
        if (!copy_store(path_, copy, false)) {
            status_ = rocksdb::Status::IOError("the store could not be copied for its repair");
            return false;
        }
        auto options = database_options({.skips_damaged_wal = true, .env = folder_.env()});
        options.create_if_missing = true;
        auto families = column_families();
        status_ = rocksdb::RepairDB(copy, options, families);
        if (status_.ok()) {
            std::unique_ptr<rocks_store> repaired;
            store_open_mode mode{
                .skips_damaged_wal = true, .tolerates_damaged_files = true, .env = folder_.env()};
            status_ = rocks_store::open(copy, mode, repaired);
            if (status_.ok() && count_keys(*repaired) == 0) {
                status_ = rocksdb::Status::Corruption("the repair found nothing");
            } else if (status_.ok()) {
                const auto saved = salvage_blobs(path_, *repaired);
                if (saved > 0) spdlog::warn("store: {} batches were taken from blob files", saved);
                repaired.reset();
                fs::create_directories(fs::path(folder_.quarantine_path(time_)).parent_path(), ec);
                fs::rename(path_, folder_.quarantine_path(time_), ec);
                if (!ec) fs::rename(copy, path_, ec);
                if (ec) status_ = rocksdb::Status::IOError(ec.message());
                return !ec && sync_names() && try_open(mode, out);
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
        if (ec || !sync_names()) return give_up();
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

result<recovered_store> open_recovered(const data_folder& folder, wall_time now,
                                       const recovery_options& options)
{
    if (options.is_read_only) {
        recovered_store out;
        rocksdb::Status status;
        // a running gateway may remove a file between the listing and the opening
        for (int attempt = 0; attempt < inspect_attempts; ++attempt) {
            status = rocks_store::open(folder.store_path(),
                                       {.is_read_only = true, .env = folder.env()}, out.store);
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
    return ladder(folder, std::to_string(seconds)).climb(options.expects_damage);
}

}  // namespace sluice::datasets::embedded
