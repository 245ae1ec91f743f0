#include "datasets/event_log.hpp"

namespace sluice::datasets {

// FNV-1a with a final mix. Part of the stored contract: another function would send a key's later
// events to another partition and break the order per key.
partition_id partition_of(std::string_view key, std::uint32_t count) noexcept
{
    if (count <= 1) return partition_id{0};
    std::uint64_t hash = 0xcbf29ce484222325ull;
    for (char c : key) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ull;
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdull;
    hash ^= hash >> 33;
    return partition_id{static_cast<std::uint32_t>(hash % count)};
}

}  // namespace sluice::datasets
