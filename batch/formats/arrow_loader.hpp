#pragma once
// Finds and loads the Arrow module on first use; thread-safe.

#include "batch/arrow_module/arrow_module.hpp"
#include "config/result.hpp"

namespace sluice::batch {

/// Whether there is a module file to load, without loading it; or what to do about it.
result<void> find_arrow_module();

/// The module, or why it can't be used and what to do. Looks beside the program, one folder above
/// it, in
/// ../lib/sluice, then where this build put it.
[[nodiscard]] result<const arrow_module*> load_arrow();

/// Hands out the rows of a Parquet file as JSON until `row` returns false.
result<void> read_parquet_file(const std::string& path,
                               const std::function<bool(std::string_view json)>& row);

}  // namespace sluice::batch
