#pragma once
// Counters of one thread's intake. Every event of a request is counted once: accepted, rejected by
// reason, refused with its request, or unknown.

#include "gateway/http/http_stats.hpp"

namespace sluice::gateway {

struct intake_stats {
    counter requests;
    counter events_accepted;  ///< durable
    counter bytes_accepted;
    counter rejected_syntax;  ///< grammar, encoding
    counter rejected_not_an_object;
    counter rejected_duplicate_key;
    counter rejected_limits;     ///< nesting, keys, size, id
    counter refused_overloaded;  ///< events sent back with 503 because a budget or queue was full
    counter refused_by_log;      ///< events sent back with 503 because the log cannot take any
    counter unknown;             ///< events whose write was not confirmed in time or failed midway
    counter in_flight_bytes;     ///< handed to the log, not yet durable
};

}  // namespace sluice::gateway
