#pragma once
// Takes batches straight out of blob files, for a store whose list of files is lost: repairing
// RocksDB finds its tables again but not its blob files. Safe because a stored batch proves itself
// by its checksum.

#include "datasets/embedded/rocks_store.hpp"

namespace sluice::datasets::embedded {

/// Puts every valid batch found in the blob files of `from` whose value `into` cannot read. Returns
/// how many.
std::uint64_t salvage_blobs(const std::string& from, rocks_store& into);

}  // namespace sluice::datasets::embedded
