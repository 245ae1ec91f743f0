#pragma once
// Opens the store whatever has happened to its files: a ladder whose last step always succeeds.
// Nothing damaged is deleted; it is kept in quarantine/. Start-up and reopening only.

#include "datasets/embedded/data_folder.hpp"
#include "datasets/embedded/rocks_store.hpp"

namespace sluice::datasets::embedded {

enum class recovery_step : std::uint8_t {
    clean,          ///< opened as it was; a torn tail counts as clean
    skipped_wal,    ///< damaged pieces of the write-ahead log were passed over
    partly_read,    ///< a file is missing or damaged; the rest is served
    repaired,       ///< the list of files had to be rebuilt
    started_empty,  ///< nothing could be read; the old store is in quarantine
};

struct recovered_store {
    std::unique_ptr<rocks_store> store;
    recovery_step step = recovery_step::clean;
};

struct recovery_options {
    bool is_read_only = false;
    bool expects_damage = false;  ///< a reader or a compaction has met it
};

/// Fails only when the folder cannot be used at all: rights, full disk, input/output errors. Those
/// are no damage, and the next attempt finds everything as it was.
[[nodiscard]] result<recovered_store> open_recovered(const data_folder& folder, wall_time now,
                                                     const recovery_options& options);

}  // namespace sluice::datasets::embedded
