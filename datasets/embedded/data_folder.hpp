#pragma once
// The folder around the store: version file, lock, side file with the highest offsets (FORMAT.md).

#include <rocksdb/env.h>

#include <map>
#include <string>

#include "datasets/embedded/key_layout.hpp"

namespace sluice::datasets::embedded {

class data_folder {
public:
    data_folder() = default;
    ~data_folder();
    data_folder(data_folder&& other) noexcept;
    data_folder& operator=(data_folder&&) = delete;

    /// Creates what is missing and takes the lock; read-only takes none and creates nothing. All
    /// that is written goes through `env`, so that tests can make any call fail.
    static result<data_folder> open(const std::string& path, bool is_read_only,
                                    rocksdb::Env* env = rocksdb::Env::Default());

    [[nodiscard]] rocksdb::Env* env() const noexcept { return env_; }

    [[nodiscard]] std::string store_path() const { return path_ + "/store"; }
    [[nodiscard]] std::string quarantine_path(std::string_view time) const;
    [[nodiscard]] std::uint64_t free_bytes() const;
    [[nodiscard]] std::uint64_t disk_bytes() const;

    /// A mark that outlives a crash: damage is being mended, the next open has to check everything.
    [[nodiscard]] bool is_mending() const;
    result<void> set_mending(bool is_mending) const;

    using marks = std::map<partition_number, std::uint64_t>;
    /// Empty when absent or damaged.
    [[nodiscard]] marks read_high_marks() const;
    result<void> write_high_marks(const marks& ends) const;

private:
    std::string path_;
    rocksdb::Env* env_ = rocksdb::Env::Default();
    int lock_ = -1;
};

}  // namespace sluice::datasets::embedded
