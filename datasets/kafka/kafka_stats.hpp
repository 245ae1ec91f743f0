#pragma once
// What the Kafka engine has done; counters that any thread adds to and /metrics reads.

#include <atomic>
#include <cstdint>

namespace sluice::datasets::kafka {

struct kafka_stats {
    using counter = std::atomic<std::uint64_t>;
    counter produced{0};           ///< records acknowledged by the cluster
    counter produced_bytes{0};     ///< their values
    counter failed{0};             ///< records given up: refused, timed out
    counter queued{0};             ///< records without a report yet (a gauge)
    counter producers_renewed{0};  ///< after a fatal error
    counter fetched{0};            ///< records read from the cluster
    counter fetched_bytes{0};
    counter reads{0};       ///< asked for by lanes, exports and tools
    counter cache_hits{0};  ///< of them, answered without the cluster
    counter seeks{0};       ///< of them, begun at a new place
    counter commits{0};     ///< cursors stored
    counter commit_failures{0};
    counter rebalances{0};
    counter partitions_lost{0};  ///< taken away without asking: session timed out
    counter trimmed{0};          ///< records removed by retention
};

inline void add(kafka_stats::counter& to, std::uint64_t n = 1) noexcept
{
    to.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace sluice::datasets::kafka
