#include "tests/unit/datasets/embedded/fault_file_system.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sluice::datasets::embedded {

namespace fs = std::filesystem;
using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

constexpr std::size_t sector_bytes = 512;
constexpr std::chrono::milliseconds delay{50};

class fault_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
    fault_file(fault_file_system& system, std::string name,
               std::unique_ptr<rocksdb::FSWritableFile>&& file, std::uint64_t size)
        : FSWritableFileOwnerWrapper(std::move(file)),
          system_(system),
          name_(std::move(name)),
          size_(size)
    {
    }

    IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override
    {
        return system_.write(data, [&](const Slice& part) {
            size_ += part.size();
            return target()->Append(part, options, debug);
        });
    }
    IOStatus Append(const Slice& data, const IOOptions& options,
                    const rocksdb::DataVerificationInfo&, IODebugContext* debug) override
    {
        return Append(data, options, debug);
    }
    IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override
    {
        auto status = system_.meet(io_call::truncate);
        if (!status.ok()) return status;
        size_ = size;
        system_.resized(name_, size);
        return target()->Truncate(size, options, debug);
    }
    IOStatus Sync(const IOOptions& options, IODebugContext* debug) override
    {
        return sync([&] { return target()->Flush(options, debug); });
    }
    IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override
    {
        return sync([&] { return target()->Flush(options, debug); });
    }
    // promises nothing, like sync_file_range
    IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override
    {
        return system_.meet(io_call::sync);
    }
    IOStatus Allocate(std::uint64_t offset, std::uint64_t bytes, const IOOptions& options,
                      IODebugContext* debug) override
    {
        auto status = system_.meet(io_call::allocate);
        return status.ok() ? target()->Allocate(offset, bytes, options, debug) : status;
    }

private:
    /// The real disk is not asked: durable is what this file system says is durable.
    template <typename Flush>
    IOStatus sync(Flush&& flush)
    {
        auto status = system_.meet(io_call::sync);
        if (status.ok()) status = flush();
        if (status.ok()) system_.synced(name_, size_);
        return status;
    }

    fault_file_system& system_;
    std::string name_;
    std::uint64_t size_;
};

class fault_folder final : public rocksdb::FSDirectoryWrapper {
public:
    fault_folder(fault_file_system& system, std::string name,
                 std::unique_ptr<rocksdb::FSDirectory>&& folder)
        : FSDirectoryWrapper(std::move(folder)), system_(system), name_(std::move(name))
    {
    }
    IOStatus Fsync(const IOOptions&, IODebugContext*) override { return sync(); }
    IOStatus FsyncWithDirOptions(const IOOptions&, IODebugContext*,
                                 const rocksdb::DirFsyncOptions&) override
    {
        return sync();
    }

private:
    IOStatus sync()
    {
        auto status = system_.meet(io_call::sync_folder);
        if (status.ok()) system_.folder_synced(name_);
        return status;
    }

    fault_file_system& system_;
    std::string name_;
};

std::string normal(const std::string& name)
{
    auto path = fs::path(name).lexically_normal();
    return path.has_filename() ? path.string() : path.parent_path().string();
}

std::string read_all(const std::string& name)
{
    std::ifstream in(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

fault_file_system::fault_file_system(std::string graveyard)
    : FileSystemWrapper(rocksdb::FileSystem::Default()), graveyard_(std::move(graveyard))
{
    fs::create_directories(graveyard_);
}

fault_file_system::~fault_file_system() = default;

void fault_file_system::arm(fault_plan plan)
{
    std::lock_guard lock(mutex_);
    plan_ = std::move(plan);
    is_armed_ = true;
    has_struck_ = false;
    calls_ = 0;
}

void fault_file_system::disarm()
{
    std::lock_guard lock(mutex_);
    is_armed_ = false;
}

std::uint64_t fault_file_system::calls() const
{
    std::lock_guard lock(mutex_);
    return calls_;
}

bool fault_file_system::has_struck() const
{
    std::lock_guard lock(mutex_);
    return has_struck_;
}

void fault_file_system::cut_power()
{
    std::lock_guard lock(mutex_);
    is_dark_ = true;
}

IOStatus fault_file_system::meet(io_call call, bool* writes_half)
{
    bool is_slow = false;
    {
        std::lock_guard lock(mutex_);
        if (is_dark_) return IOStatus::IOError("no power");
        if (!is_armed_ || (!plan_.calls.empty() && !plan_.calls.contains(call))) return {};
        ++calls_;
        const bool is_hit = calls_ == plan_.at || (plan_.is_sticky && calls_ > plan_.at);
        if (!is_hit || plan_.fault == io_fault::none) return {};
        has_struck_ = true;
        if (writes_half) {
            *writes_half =
                plan_.fault == io_fault::short_write || plan_.fault == io_fault::power_cut;
        }
        switch (plan_.fault) {
            case io_fault::enospc:
                return IOStatus::NoSpace("injected: no space left on device");
            case io_fault::delay:
                is_slow = true;
                break;
            case io_fault::power_cut:
                is_dark_ = true;
                return IOStatus::IOError("no power");
            default:
                return IOStatus::IOError("injected: input/output error");
        }
    }
    if (is_slow) std::this_thread::sleep_for(delay);
    return {};
}

IOStatus fault_file_system::write(const Slice& data,
                                  const std::function<IOStatus(const Slice&)>& to)
{
    bool writes_half = false;
    auto status = meet(io_call::append, &writes_half);
    if (status.ok()) return to(data);
    if (writes_half) to(Slice(data.data(), data.size() / 2)).PermitUncheckedError();
    return status;
}

void fault_file_system::synced(const std::string& name, std::uint64_t size)
{
    std::lock_guard lock(mutex_);
    if (!ignores_syncs_) durable_[name] = size;
}

void fault_file_system::resized(const std::string& name, std::uint64_t size)
{
    std::lock_guard lock(mutex_);
    auto it = durable_.find(name);
    if (it != durable_.end()) it->second = std::min(it->second, size);
}

void fault_file_system::folder_synced(const std::string& folder)
{
    std::lock_guard lock(mutex_);
    if (ignores_syncs_) return;
    std::erase_if(changes_, [&](const name_change& change) {
        if (fs::path(change.name).parent_path() != folder) return false;
        if (!change.buried.empty()) fs::remove(change.buried);
        return true;
    });
}

IOStatus fault_file_system::NewSequentialFile(const std::string& name, const FileOptions& options,
                                              std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                              IODebugContext* debug)
{
    auto status = meet(io_call::open);
    return status.ok() ? target()->NewSequentialFile(name, options, file, debug) : status;
}

IOStatus fault_file_system::NewRandomAccessFile(const std::string& name, const FileOptions& options,
                                                std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                                IODebugContext* debug)
{
    auto status = meet(io_call::open);
    return status.ok() ? target()->NewRandomAccessFile(name, options, file, debug) : status;
}

IOStatus fault_file_system::NewWritableFile(const std::string& name, const FileOptions& options,
                                            std::unique_ptr<rocksdb::FSWritableFile>* file,
                                            IODebugContext* debug)
{
    auto status = meet(io_call::open);
    if (!status.ok()) return status;
    const auto path = normal(name);
    {
        std::lock_guard lock(mutex_);
        changes_.push_back({path, "", bury(path)});
        fs::remove(path);  // the old content stays in the graveyard
        durable_[path] = 0;
    }
    std::unique_ptr<rocksdb::FSWritableFile> real;
    status = target()->NewWritableFile(name, options, &real, debug);
    if (status.ok()) *file = std::make_unique<fault_file>(*this, path, std::move(real), 0);
    return status;
}

IOStatus fault_file_system::ReopenWritableFile(const std::string& name, const FileOptions& options,
                                               std::unique_ptr<rocksdb::FSWritableFile>* file,
                                               IODebugContext* debug)
{
    auto status = meet(io_call::open);
    if (!status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> real;
    status = target()->ReopenWritableFile(name, options, &real, debug);
    if (!status.ok()) return status;
    const auto size = fs::file_size(name);
    std::lock_guard lock(mutex_);
    durable_.try_emplace(normal(name), size);
    *file = std::make_unique<fault_file>(*this, normal(name), std::move(real), size);
    return status;
}

IOStatus fault_file_system::NewDirectory(const std::string& name, const IOOptions& options,
                                         std::unique_ptr<rocksdb::FSDirectory>* folder,
                                         IODebugContext* debug)
{
    auto status = meet(io_call::open);
    std::unique_ptr<rocksdb::FSDirectory> real;
    if (status.ok()) status = target()->NewDirectory(name, options, &real, debug);
    if (status.ok()) *folder = std::make_unique<fault_folder>(*this, normal(name), std::move(real));
    return status;
}

IOStatus fault_file_system::DeleteFile(const std::string& name, const IOOptions& options,
                                       IODebugContext* debug)
{
    auto status = meet(io_call::unlink);
    if (!status.ok()) return status;
    const auto path = normal(name);
    std::lock_guard lock(mutex_);
    changes_.push_back({path, "", bury(path)});
    return target()->DeleteFile(name, options, debug);
}

IOStatus fault_file_system::RenameFile(const std::string& from, const std::string& to,
                                       const IOOptions& options, IODebugContext* debug)
{
    auto status = meet(io_call::rename);
    if (!status.ok()) return status;
    std::lock_guard lock(mutex_);
    const auto source = normal(from);
    const auto path = normal(to);
    changes_.push_back({path, source, bury(path)});
    if (auto it = durable_.find(source); it != durable_.end()) {
        durable_[path] = it->second;
        durable_.erase(it);
    }
    return target()->RenameFile(from, to, options, debug);
}

IOStatus fault_file_system::Truncate(const std::string& name, size_t size, const IOOptions& options,
                                     IODebugContext* debug)
{
    auto status = meet(io_call::truncate);
    if (!status.ok()) return status;
    resized(normal(name), size);
    return target()->Truncate(name, size, options, debug);
}

/// Another name for the file, so that it outlives its own; empty when there is none.
std::string fault_file_system::bury(const std::string& name)
{
    if (!fs::exists(name)) return {};
    auto grave = graveyard_ + "/" + std::to_string(buried_++);
    fs::create_hard_link(name, grave);
    return grave;
}

void fault_file_system::undo(const name_change& change)
{
    std::error_code ec;
    if (!change.was.empty()) {
        fs::rename(change.name, change.was, ec);
    } else {
        fs::remove(change.name, ec);
    }
    if (!change.buried.empty()) fs::rename(change.buried, change.name, ec);
}

void fault_file_system::damage_tail(const std::string& name, std::uint64_t durable,
                                    cut_damage damage, std::mt19937_64& random)
{
    if (!fs::exists(name) || fs::file_size(name) <= durable) return;
    if (damage == cut_damage::kept) return;
    if (damage == cut_damage::dropped || damage == cut_damage::dropped_names) {
        fs::resize_file(name, durable);
        return;
    }
    auto content = read_all(name);
    const bool is_all = damage == cut_damage::zeroed;
    for (auto at = durable; at < content.size();) {
        const auto end =
            std::min<std::uint64_t>((at / sector_bytes + 1) * sector_bytes, content.size());
        if (is_all || random() % 2 == 0) {
            std::fill(content.begin() + static_cast<std::ptrdiff_t>(at),
                      content.begin() + static_cast<std::ptrdiff_t>(end), '\0');
        }
        at = end;
    }
    std::ofstream(name, std::ios::binary | std::ios::trunc) << content;
}

void fault_file_system::restore_power(cut_damage damage, std::mt19937_64& random)
{
    std::lock_guard lock(mutex_);
    for (const auto& [name, durable] : durable_) damage_tail(name, durable, damage, random);
    const bool forgets_names =
        damage == cut_damage::dropped_names || damage == cut_damage::torn_names;
    while (!changes_.empty()) {
        if (forgets_names) {
            undo(changes_.back());
        } else if (!changes_.back().buried.empty()) {
            fs::remove(changes_.back().buried);
        }
        changes_.pop_back();
    }
    durable_.clear();
    is_dark_ = false;
    is_armed_ = false;
}

}  // namespace sluice::datasets::embedded
