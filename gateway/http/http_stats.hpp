#pragma once
// Counters of one listener on one thread. Written by that thread, read by the metrics page
// (relaxed).

#include <atomic>
#include <cstdint>

namespace sluice::gateway {

using counter = std::atomic<std::uint64_t>;

/// One writer: a plain load and store is enough and cheaper than a locked add.
inline void add(counter& c, std::uint64_t n = 1) noexcept
{
    c.store(c.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}
inline void subtract(counter& c, std::uint64_t n = 1) noexcept
{
    c.store(c.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
}

struct http_stats {
    counter connections_accepted, connections_open, connections_refused;
    counter requests, responses_2xx, responses_4xx, responses_5xx;
    counter framing_errors, timeouts;
    counter bytes_received, bytes_sent;
};

}  // namespace sluice::gateway
