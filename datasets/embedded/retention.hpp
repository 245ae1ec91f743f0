#pragma once
// Decides which records are old enough to go. Reads the index only; the appender removes them, so
// that a trim is one write like any other. Runs on the maintenance thread.

#include "datasets/embedded/log_inventory.hpp"
#include "datasets/embedded/pending_write.hpp"

namespace sluice::datasets::embedded {

/// What one dataset should lose now. Never past a reader's cursor unless the dataset says so; a
/// reader without a cursor holds everything.
[[nodiscard]] std::vector<pending_write::trim> plan_trim(const rocks_store& store,
                                                         const partition_table::trim_rule& rule,
                                                         wall_time now);

/// Whole batches below `before`, whoever has read them.
[[nodiscard]] pending_write::trim plan_trim_before(const rocks_store& store, partition_state& p,
                                                   std::uint64_t before);

/// Frees the disk space below `trims` after they have been written.
void reclaim_space(const rocks_store& store, const std::vector<pending_write::trim>& trims);

}  // namespace sluice::datasets::embedded
