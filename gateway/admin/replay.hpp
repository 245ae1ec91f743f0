#pragma once
// Sends a range of a dataset to one destination again: finds the rules that match today and puts
// their events into the lane's retry log, due at once, hundreds to a durable write. Replayed events
// are not counted in the ledger again. Blocking; a caller that wants to show progress or keep a
// rate asks for a few events at a time and goes on with what remains.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "config/clock.hpp"
#include "config/result.hpp"
#include "datasets/event_log.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

struct replay_request {
    dataset_name dataset;
    destination_name destination;
    std::optional<partition_id> partition;
    std::optional<offset> from, to;         ///< half-open, per partition
    std::optional<wall_time> since, until;  ///< by receive time
    std::function<bool(std::string_view event)> where;
    bool is_dry_run = false;
    std::uint64_t events_max = UINT64_MAX;  ///< stop after so many
    std::uint64_t reads_max = UINT64_MAX;
};

/// Half open, per partition.
struct replay_range {
    partition_id partition;
    offset from;
    offset to;
};

struct replay_count {
    std::uint64_t read = 0;
    std::uint64_t events = 0;             ///< matched a rule of the destination
    std::vector<replay_range> remaining;  ///< not looked at because of a maximum
};

[[nodiscard]] result<replay_count> replay_dataset(datasets::event_log& log,
                                                  const rules::rule_catalog& catalog,
                                                  const replay_request& request, wall_time now);

}  // namespace sluice::gateway
