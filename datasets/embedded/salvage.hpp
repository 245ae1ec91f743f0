#pragma once
// Saves what can still be read of a damaged store and makes what is derived anew. Safe because a
// stored batch proves itself by its checksum. While the store is opened only: nobody else uses it.

#include "datasets/embedded/key_layout.hpp"
#include "datasets/embedded/rocks_store.hpp"

namespace sluice::datasets::embedded {

/// Puts every valid batch found in the blob files of `from` whose value `into` cannot read. Returns
/// how many. Repairing RocksDB finds its tables again but not its blob files.
std::uint64_t salvage_blobs(const std::string& from, rocks_store& into);

[[nodiscard]] bool is_readable(const rocks_store& store, family f);

/// A family with a block that cannot be read is made anew from the entries before and after it. Not
/// for `meta`, which cannot be dropped and of which the important half is in `documents` as well.
rocksdb::Status rebuild_family(rocks_store& store, family f);

/// Goes through the batches of one partition themselves and sets the index right.
void mend_index(const rocks_store& store, partition_number number);

}  // namespace sluice::datasets::embedded
