#pragma once
// Keys and small values of the store (FORMAT.md, sections 1 and 4). Pure functions over bytes.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "datasets/event_log.hpp"

namespace sluice::datasets::embedded {

/// Where a partition's keys begin: the dataset's number and the partition.
struct partition_number {
    std::uint32_t dataset = 0;
    std::uint32_t partition = 0;
    friend auto operator<=>(const partition_number&, const partition_number&) = default;
};

/// Key of a batch in `records` and `index`.
class batch_key {
public:
    batch_key(partition_number partition, offset base) noexcept;
    [[nodiscard]] std::string_view bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

private:
    std::array<char, 16> bytes_;
};

/// Absent when the key has another form.
[[nodiscard]] std::optional<std::pair<partition_number, offset>> parse_batch_key(
    std::string_view key);

struct index_entry {
    std::uint32_t count = 0;
    std::uint32_t payload_bytes = 0;
    std::uint32_t stored_bytes = 0;
    wall_time appended_at{};
    wall_time received_at_max{};
    offset durable_through;
};
[[nodiscard]] std::array<char, 40> encode_index(const index_entry& entry) noexcept;
[[nodiscard]] std::optional<index_entry> decode_index(std::string_view value);

[[nodiscard]] std::string cursor_key(partition_number partition, const cursor_name& name);
[[nodiscard]] std::optional<std::pair<partition_number, cursor_name>> parse_cursor_key(
    std::string_view key);
[[nodiscard]] std::string encode_cursor(const cursor_state& state);
[[nodiscard]] std::optional<cursor_state> decode_cursor(std::string_view value);

[[nodiscard]] std::string document_key(std::string_view collection, std::string_view key);

inline constexpr std::string_view dataset_prefix = "dataset/";
inline constexpr std::string_view dataset_collection = "_datasets";
inline constexpr std::string_view cursor_collection = "_cursors";  ///< names only
inline constexpr std::string_view trim_collection = "_trims";
inline constexpr std::string_view trim_prefix = "trim/";
inline constexpr std::string_view lost_prefix = "lost/";
inline constexpr std::string_view stock_prefix = "stock/";
[[nodiscard]] std::string trim_key(partition_number partition);
[[nodiscard]] std::string lost_key(partition_number partition, offset begin);
[[nodiscard]] std::string stock_key(partition_number partition);
[[nodiscard]] std::string encode_offset(offset value);
[[nodiscard]] std::optional<offset> decode_offset(std::string_view value);

/// What a partition held when it was counted last: start-up goes on counting at `end`.
struct stock_entry {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t bytes = 0;  ///< of event content
};
[[nodiscard]] std::string encode_stock(const stock_entry& entry);
[[nodiscard]] std::optional<stock_entry> decode_stock(std::string_view value);

[[nodiscard]] std::string encode_spec(std::uint32_t number, const dataset_spec& spec);
/// The name comes from the key.
[[nodiscard]] std::optional<std::pair<std::uint32_t, dataset_spec>> decode_spec(
    std::string_view name, std::string_view value);

}  // namespace sluice::datasets::embedded
