#pragma once
// One bit that the packaged RocksDB must not see. It reads the properties of a table before it
// checks their sum (an ingested table may have changed them), and takes the highest bit of the
// block's last number for "this block has a hash index", which properties never have. Its
// assertions are on: the process would end, at every start again. So tables are looked at before,
// and the bit is cleared: then the sum is right again, or RocksDB finds the damage itself.
// Stateless; reads three places of each file.

#include <cstdint>
#include <filesystem>
#include <optional>

namespace sluice::datasets::embedded {

/// Where the byte with that bit stands. Nothing: no table of the format version that we write, or
/// damaged in a way that RocksDB notices.
[[nodiscard]] std::optional<std::uint64_t> find_properties_end(const std::filesystem::path& table);

/// The tables of a store in which the bit is set. With `mends` it is cleared and the file synced.
/// A file that can't be read is left to RocksDB.
[[nodiscard]] std::size_t check_properties(const std::filesystem::path& store, bool mends);

}  // namespace sluice::datasets::embedded
