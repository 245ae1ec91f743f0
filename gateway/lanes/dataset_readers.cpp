#include "gateway/lanes/dataset_readers.hpp"

#include <algorithm>

#include "batch/export_job.hpp"
#include "gateway/lanes/parked_event.hpp"

namespace sluice::gateway {

std::string lane_of(const rules::rule_outcome& outcome)
{
    if (outcome.action == rules::rule_action::drop) return {};
    return outcome.action == rules::rule_action::dataset ? "dataset:" + outcome.target
                                                         : outcome.target;
}

std::map<dataset_name, std::vector<cursor_name>> dataset_readers(const config::settings& settings,
                                                                 const rules::rule_catalog* catalog)
{
    std::map<dataset_name, std::vector<cursor_name>> readers;
    const auto add = [&](const dataset_name& dataset, cursor_name reader) {
        auto& list = readers[dataset];
        if (std::find(list.begin(), list.end(), reader) == list.end()) {
            list.push_back(std::move(reader));
        }
    };
    const auto add_lane = [&](const dataset_name& dataset, const std::string& lane) {
        if (!dataset.value().empty()) add(dataset, lane_cursor(destination_name{lane}));
        add(retry_dataset(destination_name{lane}), lane_cursor(destination_name{lane}));
    };
    for (const auto& [name, ignored] : settings.datasets) {
        readers[dataset_name{name}];
        const auto program = catalog ? catalog->program_for(name) : nullptr;
        if (!program) continue;
        for (const auto& outcome : program->outcomes()) {
            const auto lane = lane_of(outcome);
            if (!lane.empty()) add_lane(dataset_name{name}, lane);
        }
    }
    for (const auto& [name, ignored] : settings.destinations) add_lane(dataset_name{}, name);
    for (const auto& [name, exported] : settings.exports) {
        add(dataset_name{exported.dataset}, batch::export_cursor(name));
    }
    return readers;
}

}  // namespace sluice::gateway
