#pragma once
// What the retry log and the dead letters keep beside an event: where it came from, which rules
// still owe a request, and why the last attempt failed. Stored as the record's `extra` JSON, so
// tail and any Kafka consumer can read it.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/clock.hpp"
#include "config/named_type.hpp"
#include "config/result.hpp"

namespace sluice::gateway {

struct parked_event {
    destination_name destination;
    std::vector<std::string> rules;  ///< "set/rule" of each request that is still owed
    dataset_name origin;
    partition_id origin_partition;
    offset origin_offset;
    wall_time received_at{};     ///< when the event was first accepted
    wall_time due_at{};          ///< retry log: not before
    wall_time failed_at{};       ///< of the last attempt
    std::uint32_t rounds = 0;    ///< times it went through the retry log
    std::uint32_t attempts = 0;  ///< requests made in all
    bool counts = true;          ///< carries the event's count in the ledger (one per event)
    std::string reason;          ///< as in delivery_outcome
    std::string detail;
    int status = 0;
    std::string response;
    // Of a rule with steps: where it goes on, and what the steps before it brought.
    std::string step;                 ///< that failed; empty: none
    std::uint32_t step_attempts = 0;  ///< requests that this step has made
    std::vector<std::pair<std::string, std::string>> results;  ///< step to its result as JSON
};

[[nodiscard]] std::string to_extra(const parked_event& parked);
/// Fails with a sentence when the text was not written by to_extra.
[[nodiscard]] result<parked_event> parse_extra(std::string_view extra);

/// Datasets of a lane's own: `_retry.<destination>` with one partition per wait of the schedule (so
/// that due times within a partition only grow) and `_dead.<destination>`.
[[nodiscard]] dataset_name retry_dataset(const destination_name& destination);
[[nodiscard]] dataset_name dead_dataset(const destination_name& destination);
/// The cursor of the lane that serves this destination: `lane/<destination>`.
[[nodiscard]] cursor_name lane_cursor(const destination_name& destination);

/// The id that receivers deduplicate by: the event's own id and the rule, stable over retries,
/// restarts and redrives. Ids with characters that do not belong into a header are replaced by
/// their SHA-256.
[[nodiscard]] std::string make_webhook_id(std::string_view event_id, std::string_view rule);

}  // namespace sluice::gateway
