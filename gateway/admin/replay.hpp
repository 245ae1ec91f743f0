#pragma once
// Sends a range of a dataset to one destination again: finds the rules that match today and puts
// their events into the lane's retry log, due at once. Replayed events are not counted in the
// ledger again. Blocking.

#include <cstdint>
#include <optional>

#include "config/clock.hpp"
#include "config/result.hpp"
#include "datasets/event_log.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

struct replay_request {
    dataset_name dataset;
    destination_name destination;
    std::optional<offset> from, to;         ///< half-open, per partition
    std::optional<wall_time> since, until;  ///< by receive time
    bool is_dry_run = false;
};

struct replay_count {
    std::uint64_t read = 0;
    std::uint64_t events = 0;  ///< matched a rule of the destination
};

[[nodiscard]] result<replay_count> replay_dataset(datasets::event_log& log,
                                                  const rules::rule_catalog& catalog,
                                                  const replay_request& request, wall_time now);

}  // namespace sluice::gateway
