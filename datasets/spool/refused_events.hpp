#pragma once
// Events that were accepted while the cluster could not be asked and that it will never take: too
// large for the topic, or refused as a record. They go into one NDJSON file for an operator instead
// of holding up what comes behind them. Used by the one thread that forwards.

#include <string>

#include "config/result.hpp"
#include "datasets/event_record.hpp"

namespace sluice::datasets {

class refused_events {
public:
    explicit refused_events(std::string file) : file_(std::move(file)) {}

    /// Appends one line and syncs it: {"dataset", "partition", "id", "key", "datastream", "source",
    /// "received_at", "reason", "event"}. A crash right after may repeat the line with the same id.
    [[nodiscard]] result<void> keep(const partition_ref& from, const new_record& event,
                                    std::string_view reason) const;
    [[nodiscard]] const std::string& file() const noexcept { return file_; }

private:
    const std::string file_;
};

}  // namespace sluice::datasets
