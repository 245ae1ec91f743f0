#pragma once
// The seam to Apache Arrow. Arrow lives in a shared module of its own that is loaded on first use,
// because its libraries bring copies of OpenSSL and simdjson that must not meet ours, and because
// most gateways never export Parquet. Only plain data and these interfaces cross the seam; failures
// are texts (empty: fine). Objects are used by one thread at a time; the module stays loaded until
// the process ends.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "batch/rows/column.hpp"

namespace sluice::batch {

enum class parquet_compression : std::uint8_t { none, zstd, gzip, snappy };

struct parquet_options {
    parquet_compression compression = parquet_compression::zstd;
    std::string created_by;
    /// Dotted names ("web.name") of columns whose values hardly repeat: a dictionary would only
    /// cost.
    std::vector<std::string> unique_columns;
};

/// Receives bytes in order; false stops the writer.
using byte_receiver = std::function<bool(std::string_view)>;

class parquet_file {
public:
    virtual ~parquet_file() = default;
    /// One row group. The buffers are only read, and only during the call.
    virtual std::string write_group(const std::vector<column_buffer>& columns) = 0;
    virtual std::string close() = 0;
};

class arrow_module {
public:
    virtual ~arrow_module() = default;
    /// `shape`: columns of which only names, kinds and children count.
    virtual std::string create(const std::vector<column_buffer>& shape,
                               const parquet_options& options, byte_receiver to,
                               std::unique_ptr<parquet_file>& file) const = 0;
    /// Hands out the rows of a file as JSON objects, nulls left out, until `row` returns false.
    virtual std::string read(const std::string& path,
                             const std::function<bool(std::string_view json)>& row) const = 0;
};

/// Raised whenever this header or column.hpp changes; a module of another version is refused.
inline constexpr std::uint32_t arrow_module_version = 1;

/// What the module exports under the name `sluice_arrow_module`; null when the versions differ.
using arrow_module_entry = const arrow_module* (*)(std::uint32_t version);

}  // namespace sluice::batch
