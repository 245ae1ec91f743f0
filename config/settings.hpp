#pragma once
// The whole configuration as plain values: what `load` returns and assembly builds from.

#include <map>
#include <string>

#include "config/node.hpp"
#include "config/settings_datasets.hpp"
#include "config/settings_destinations.hpp"
#include "config/settings_exports.hpp"
#include "config/settings_gateway.hpp"
#include "config/settings_kafka.hpp"

namespace sluice::config {

/// One rule set or rule library as written; rules/ compiles it.
struct rule_source {
    std::string name;
    node body;
    std::string folder;  ///< includes are relative to it
};

struct settings {
    gateway_settings gateway;
    embedded_settings embedded;  ///< section `gateway.store`
    kafka_settings kafka;        ///< section `gateway.kafka`
    std::map<std::string, datastream_settings> datastreams;
    std::map<std::string, dataset_settings> datasets;
    std::map<std::string, destination_settings> destinations;
    std::map<std::string, export_settings> exports;
    std::map<std::string, rule_source> rules;
    /// Where each named item stands, for errors found later: "destinations.crm" -> place.
    std::map<std::string, source_location> places;
};

}  // namespace sluice::config
