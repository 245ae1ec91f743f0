#pragma once
// How our names look in the cluster, both ways: a dataset is a topic, a cursor is a consumer group.
// Immutable; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "config/named_type.hpp"
#include "config/result.hpp"

namespace sluice::datasets::kafka {

class names {
public:
    explicit names(std::string prefix) : prefix_(std::move(prefix)) {}

    /// prefix + name. A byte that topics may not have becomes `-xHH`. Fails when it gets too long.
    [[nodiscard]] result<std::string> topic_of(const dataset_name& dataset) const;
    /// Nothing for topics of others and for the documents.
    [[nodiscard]] std::optional<dataset_name> dataset_of(std::string_view topic) const;

    /// `lane/crm` is the group `sluice.lane.crm`: the first slash becomes a dot, a dot or percent
    /// sign before it `%2E` or `%25`.
    [[nodiscard]] std::string group_of(const cursor_name& cursor) const;
    [[nodiscard]] std::optional<cursor_name> cursor_of(std::string_view group) const;

    /// The group whose members share out the logs of the gateways' own (retries, dead letters):
    /// `sluice._logs.` + the group of the datasets.
    [[nodiscard]] std::string group_of_own_logs(std::string_view group) const
    {
        return prefix_ + "_logs." + std::string(group);
    }
    [[nodiscard]] std::string documents_topic() const { return prefix_ + "_documents"; }

private:
    std::string prefix_;
};

}  // namespace sluice::datasets::kafka
