#pragma once
// The section `exports`: scheduled incremental files of a dataset.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::config {

enum class export_format : std::uint8_t { parquet, ndjson };
enum class export_compression : std::uint8_t { automatic, none, gzip, zstd, snappy };

struct manifest_settings {
    bool enabled = true;
    std::optional<std::string> path;  ///< folder template; default: beside the data
};

struct export_settings {
    std::string dataset;  ///< required
    std::string description;
    bool enabled = true;
    std::string directory;  ///< required: local folder that receives the files
    std::string folder = "%DATASET_NAME%/%EXPORT_TIME%";
    std::string file_name = "%DATASET_NAME%-%PARTITION%-%FIRST_OFFSET%";
    export_format format = export_format::parquet;
    export_compression compression =
        export_compression::automatic;                  ///< parquet: zstd, ndjson: gzip
    std::optional<std::chrono::milliseconds> interval;  ///< none: only on demand
    std::optional<std::string> start_at;                ///< RFC 3339; windows are aligned to it
    std::optional<std::string> end_at;
    std::uint64_t rows_per_file_max = 1'000'000;
    std::uint64_t bytes_per_file_target = 128ull << 20;
    std::uint64_t buffer_bytes_max = 64ull << 20;
    manifest_settings manifest;
};

}  // namespace sluice::config
