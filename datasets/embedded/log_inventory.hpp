#pragma once
// Takes stock after every open (FORMAT.md, section 4): where partitions begin and end, what they
// hold, which offsets are missing. Reads the index, not the batches; after damage it compares both
// and mends the index.

#include "datasets/embedded/partition_table.hpp"
#include "datasets/embedded/rocks_store.hpp"

namespace sluice::datasets::embedded {

struct inventory_options {
    bool is_read_only = false;
    bool verifies_batches = false;  ///< recovery had to mend something: trust nothing
    std::map<partition_number, std::uint64_t> high_marks;
};

/// Fills datasets and partitions. Ends never move back, so an offset is never given out twice.
/// Returns how many records were found missing that were not known to be missing before;
/// `log_errc::corrupt` when the index is damaged and batches were not to be verified.
[[nodiscard]] result<std::uint64_t> take_inventory(rocks_store& store,
                                                   const inventory_options& options,
                                                   partition_table& table);

/// A partition whose settings damage had taken and that has been declared anew: `mark` is the end
/// of what it was given out. Finds what is still there; returns how many records are missing.
std::uint64_t adopt_partition(const rocks_store& store, std::uint64_t mark, partition_state& p);

/// The batch that holds `from`, or the next one; absent at the end or when `status` tells an error.
[[nodiscard]] std::optional<std::pair<offset, index_entry>> find_entry(const rocks_store& store,
                                                                       partition_number partition,
                                                                       offset from,
                                                                       rocksdb::Status& status);

}  // namespace sluice::datasets::embedded
