#pragma once
// The section `datasets`: one event log each.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::config {

/// When an append counts as durable; the table of promises is in datasets/README.md.
enum class fsync_mode : std::uint8_t { group, each, interval, off };

struct retention_settings {
    std::optional<std::chrono::milliseconds> age_max;
    std::optional<std::uint64_t> bytes_max;
    bool past_unread = false;  ///< trim even what a lane or export has not read
};

struct dataset_settings {
    std::string description;
    std::optional<std::string> schema;  ///< JSON Schema file of its events, for checks of rules
    std::string engine = "embedded";
    std::uint32_t partitions = 1;
    retention_settings retention;
    std::optional<std::uint64_t> quota_bytes;  ///< appends are refused (503) above it
};

/// `gateway.store`: settings of the store that all embedded datasets share.
struct embedded_settings {
    fsync_mode fsync = fsync_mode::group;
    std::chrono::milliseconds fsync_interval{500};
    std::uint64_t group_bytes_max = 4ull << 20;   ///< of one group commit
    std::uint64_t value_bytes_max = 256 * 1024;   ///< of one stored batch, before compression
    std::uint32_t compression_level = 1;          ///< zstd; 0: none
    std::uint64_t free_bytes_min = 1ull << 30;    ///< below this ingest is refused, lanes go on
    double free_share_min = 0.05;                 ///< the larger of the two applies
    std::uint64_t queue_bytes_max = 64ull << 20;  ///< appends waiting for the committer
};

}  // namespace sluice::config
