#pragma once
// The destination of rules with `dataset: NAME`: appends the event (or what `body` made of it) to
// another dataset of the same log. Lives on its lane's thread.

#include <memory>

#include "actions/destination.hpp"
#include "datasets/event_log.hpp"

namespace sluice::gateway {

/// `partitions` is the target's number of partitions. The new event's id is the delivery's stable
/// id, so a repetition after a crash can be recognised.
[[nodiscard]] std::unique_ptr<actions::destination> make_dataset_destination(
    datasets::event_log& log, dataset_name target, std::uint32_t partitions,
    boost::asio::any_io_executor on, const clock_source& clock);

}  // namespace sluice::gateway
