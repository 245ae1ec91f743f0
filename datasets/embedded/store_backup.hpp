#pragma once
// A copy of a data folder while it is in use: a RocksDB checkpoint (hard links on the same file
// system, else copies) with version file, high marks and a note that says what it is. Made beside
// its final name and renamed when it has been verified: what has the name is whole. Blocking.

#include <optional>
#include <string>

#include "datasets/embedded/data_folder.hpp"
#include "datasets/embedded/rocks_store.hpp"
#include "datasets/event_log.hpp"

namespace sluice::datasets::embedded {

class store_backup {
public:
    /// Refuses a folder that holds something, lies inside the data folder or cannot be written.
    static result<store_backup> begin(const std::string& folder, const std::string& data_dir);
    store_backup(store_backup&& other) noexcept = default;
    ~store_backup();  ///< removes what was not finished

    /// `marks` must have been taken before: the copy ends at or after them.
    result<void> copy(const rocks_store& store, const data_folder::marks& marks);
    /// The data folder to verify.
    [[nodiscard]] const std::string& unfinished_path() const noexcept { return partial_; }
    /// Writes the note, counts the files into `report`, gives the copy its name.
    result<void> finish(const std::string& data_dir, backup_report& report);

private:
    store_backup() = default;
    std::string folder_;
    std::string partial_;  ///< empty once finished
};

/// For whoever opens a data folder to write: when it is a backup that is used for the first time,
/// what its note says. The note is then kept as `RESTORED`.
[[nodiscard]] std::optional<std::string> begin_restore(const std::string& data_dir);

}  // namespace sluice::datasets::embedded
