#pragma once
// A file system between RocksDB and the disk for fault tests: it counts calls, makes the n-th one
// fail once or from there on, and can "lose power": whatever was not synced is then dropped, torn
// or kept. Data go straight to the real files; what of them is durable is only noted, so a cut
// works on the real files. Thread-safe.

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace sluice::datasets::embedded {

enum class io_call : std::uint8_t {
    open,
    append,
    sync,
    rename,
    unlink,
    truncate,
    allocate,
    sync_folder
};

enum class io_fault : std::uint8_t { none, eio, enospc, short_write, delay, power_cut };

struct fault_plan {
    io_fault fault = io_fault::none;
    std::uint64_t at = 0;  ///< number of the call, from 1
    bool is_sticky = false;
    std::set<io_call> calls;  ///< empty: all of them count
};

/// What a power cut leaves of data and names that were never synced.
enum class cut_damage : std::uint8_t { kept, dropped, zeroed, torn, dropped_names, torn_names };
inline constexpr int cut_damages = 6;

class fault_file_system final : public rocksdb::FileSystemWrapper {
public:
    /// `graveyard`: a folder where deleted files wait until their deletion is durable.
    explicit fault_file_system(std::string graveyard);
    ~fault_file_system() override;
    const char* Name() const override { return "fault_file_system"; }

    /// Counting starts anew.
    void arm(fault_plan plan);
    /// The fault is over; calls are no longer counted.
    void disarm();
    [[nodiscard]] std::uint64_t calls() const;
    [[nodiscard]] bool has_struck() const;
    /// From now on every call fails, until `restore_power`.
    void cut_power();
    /// Damages what was not synced; the store must be closed.
    void restore_power(cut_damage damage, std::mt19937_64& random);
    /// A sync does nothing but say it did: for the control.
    void ignore_syncs() { ignores_syncs_ = true; }

    rocksdb::IOStatus NewSequentialFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                        rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                          rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus ReopenWritableFile(const std::string& name,
                                         const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSWritableFile>* file,
                                         rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* folder,
                                   rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                                 const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus Truncate(const std::string& name, size_t size,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

    // for the files
    rocksdb::IOStatus meet(io_call call, bool* writes_half = nullptr);
    rocksdb::IOStatus write(const rocksdb::Slice& data,
                            const std::function<rocksdb::IOStatus(const rocksdb::Slice&)>& to);
    void synced(const std::string& name, std::uint64_t size);
    void resized(const std::string& name, std::uint64_t size);
    void folder_synced(const std::string& folder);

private:
    struct name_change {
        std::string name;    ///< that was made or removed
        std::string was;     ///< renamed: the old name
        std::string buried;  ///< the file that was there before, in the graveyard
    };

    std::string bury(const std::string& name);
    void undo(const name_change& change);
    void damage_tail(const std::string& name, std::uint64_t durable, cut_damage damage,
                     std::mt19937_64& random);

    const std::string graveyard_;
    mutable std::mutex mutex_;
    fault_plan plan_;
    bool is_armed_ = false;
    bool has_struck_ = false;
    bool is_dark_ = false;
    bool ignores_syncs_ = false;
    std::uint64_t calls_ = 0;
    std::uint64_t buried_ = 0;
    std::map<std::string, std::uint64_t> durable_;  ///< bytes of files that have more than that
    std::vector<name_change> changes_;              ///< not yet durable, oldest first
};

}  // namespace sluice::datasets::embedded
