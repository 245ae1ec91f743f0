#pragma once
// One log_write on its way: encoded on the caller's thread into the form it is stored in, then
// owned by the appender until its handler has been called.

#include "datasets/embedded/partition_table.hpp"
#include "datasets/embedded/rocks_store.hpp"

namespace sluice::datasets::embedded {

struct pending_write {
    /// Whole records of one partition, at most `value_bytes_max` unless a single record is larger.
    struct chunk {
        partition_state* to;
        std::uint32_t part;  ///< index of the append part it belongs to
        std::uint32_t count;
        std::size_t begin;  ///< in `payload`
        std::size_t end;
        std::size_t content_bytes;
        wall_time received_at_max;
    };
    struct put {
        family in;
        std::string key;
        std::optional<std::string> value;  ///< absent: erase
    };
    /// Records below `to` go away.
    struct trim {
        partition_state* of;
        std::uint64_t to;
        std::uint64_t content_bytes;
        std::uint64_t records = 0;         ///< that were there
        std::uint64_t records_by_age = 0;  ///< those of them that retention took for their age
    };

    write_handler handler;
    std::string payload;
    std::vector<chunk> chunks;
    std::vector<put> puts;
    std::vector<trim> trims;
    std::vector<std::string> new_cursors;  ///< keys of cursors that no write has had before
    write_receipt receipt;
    bool is_internal = false;

    [[nodiscard]] std::size_t bytes() const noexcept
    {
        return payload.size() + 128 * puts.size() + 64;
    }
};

/// Encodes; fails if a dataset is unknown, a record has no id or exceeds what one value can hold.
[[nodiscard]] result<std::unique_ptr<pending_write>> encode_write(const log_write& what,
                                                                  const partition_table& table,
                                                                  std::uint64_t value_bytes_max);

}  // namespace sluice::datasets::embedded
