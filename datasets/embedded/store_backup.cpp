#include "datasets/embedded/store_backup.hpp"

#include <fcntl.h>
#include <rocksdb/utilities/checkpoint.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/time_text.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets::embedded {

namespace fs = std::filesystem;

namespace {

constexpr const char* note_name = "BACKUP";
constexpr const char* restored_name = "RESTORED";

failure refused(std::string text)
{
    return {make_error_code(log_errc::bad_request), std::move(text)};
}

bool sync_path(const fs::path& path, int flags)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0) return false;
    const bool is_good = ::fsync(fd) == 0;
    ::close(fd);
    return is_good;
}

bool is_inside(const fs::path& path, const fs::path& folder)
{
    const auto relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

result<store_backup> store_backup::begin(const std::string& folder, const std::string& data_dir)
{
    std::error_code ec;
    auto target = fs::weakly_canonical(fs::absolute(folder, ec), ec);
    if (ec) return refused(fmt::format("the folder {} cannot be used: {}", folder, ec.message()));
    if (!target.has_filename()) target = target.parent_path();
    if (is_inside(target, fs::weakly_canonical(fs::absolute(data_dir, ec), ec))) {
        return refused(fmt::format("{} lies inside the data folder {}; name a folder outside of it",
                                   target.string(), data_dir));
    }
    const auto kind = fs::status(target, ec).type();
    if (kind == fs::file_type::directory ? !fs::is_empty(target, ec)
                                         : kind != fs::file_type::not_found) {
        return refused(fmt::format(
            "{} exists already; name a folder that does not exist: a backup overwrites nothing",
            target.string()));
    }
    store_backup made;
    made.folder_ = target.string();
    const auto partial = made.folder_ + ".partial";
    if (fs::exists(partial, ec)) {
        return refused(
            fmt::format("{} is left from an interrupted backup (or one is running); "
                        "remove it and try again",
                        partial));
    }
    fs::create_directories(partial, ec);
    if (ec) {
        return refused(
            fmt::format("{} cannot be made: {}; choose a folder that the user of the "
                        "gateway may write",
                        partial, ec.message()));
    }
    made.partial_ = partial;
    return made;
}

store_backup::~store_backup()
{
    if (partial_.empty()) return;
    std::error_code ec;
    fs::remove_all(partial_, ec);
    if (ec) spdlog::warn("store: {} could not be removed: {}", partial_, ec.message());
}

result<void> store_backup::copy(const rocks_store& store, const data_folder::marks& marks)
{
    auto folder = data_folder::open(partial_, false);
    if (!folder) return folder.error();
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(&store.db(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(folder->store_path());
    if (!status.ok()) {
        return failure{make_error_code(log_errc::io),
                       fmt::format("the backup could not be written: {}; check free space and "
                                   "rights of {}",
                                   status.ToString(), partial_)};
    }
    return folder->write_high_marks(marks);
}

result<void> store_backup::finish(const std::string& data_dir, backup_report& report)
{
    std::error_code ec;
    {
        std::ofstream note(fs::path(partial_) / note_name, std::ios::binary);
        note << "taken at " << format_time(report.taken_at) << " of "
             << fs::absolute(data_dir, ec).lexically_normal().string() << "\n";
    }
    bool is_synced = true;
    for (auto it = fs::recursive_directory_iterator(partial_, ec);
         !ec && it != fs::recursive_directory_iterator(); it.increment(ec)) {
        if (it->is_directory()) {
            is_synced = sync_path(it->path(), O_DIRECTORY) && is_synced;
            continue;
        }
        ++report.files;
        report.bytes += it->file_size();
        if (it->hard_link_count() > 1) {
            ++report.linked;
        } else {
            is_synced = sync_path(it->path(), 0) && is_synced;
        }
    }
    if (!ec && is_synced) is_synced = sync_path(partial_, O_DIRECTORY);
    if (!ec && is_synced) fs::rename(partial_, folder_, ec);
    if (ec || !is_synced) {
        return failure{make_error_code(log_errc::io),
                       fmt::format("the backup could not be completed: {}",
                                   ec ? ec.message() : "a sync failed")};
    }
    partial_.clear();
    report.folder = folder_;
    sync_path(fs::path(folder_).parent_path(), O_DIRECTORY);
    return {};
}

std::optional<std::string> begin_restore(const std::string& data_dir)
{
    const auto note = fs::path(data_dir) / note_name;
    std::ifstream in(note, std::ios::binary);
    std::string line;
    if (!std::getline(in, line)) return std::nullopt;
    std::error_code ec;
    fs::rename(note, fs::path(data_dir) / restored_name, ec);
    return line;
}

}  // namespace sluice::datasets::embedded
