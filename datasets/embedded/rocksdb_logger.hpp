#pragma once
// RocksDB's own messages go into our log. Not a matter of taste: the packaged library has
// assertions on, and its file logger fails one on a full disk, which would end the process.

#include <rocksdb/env.h>

#include <memory>

namespace sluice::datasets::embedded {

/// Passes warnings and errors on. Thread-safe.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> make_rocksdb_logger();

}  // namespace sluice::datasets::embedded
