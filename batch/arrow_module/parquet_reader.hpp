#pragma once
// Reads a Parquet file back as JSON rows, for `sluice export show` and tests. Part of the Arrow
// module.

#include <arrow/status.h>

#include <functional>
#include <string>
#include <string_view>

namespace sluice::batch {

/// Members that are null are left out; timestamps become RFC 3339.
arrow::Status read_parquet(const std::string& path,
                           const std::function<bool(std::string_view json)>& row);

}  // namespace sluice::batch
