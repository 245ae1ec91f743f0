#pragma once
// Makes a dataset's topic what its spec asks for, or says what has to be done; warns where the
// cluster keeps less than the operator may believe. Blocking; stateless.

#include "datasets/event_log.hpp"
#include "datasets/kafka/cluster.hpp"

namespace sluice::datasets::kafka {

struct topic_facts {
    std::uint32_t partitions = 0;
    std::uint64_t message_bytes_max = 0;  ///< `max.message.bytes`; 0: not told
};

/// Creates the topic, adds partitions (they are never taken away); tells what there is now.
[[nodiscard]] result<topic_facts> set_up_topic(cluster& asked,
                                               const config::kafka_settings& settings,
                                               const dataset_spec& spec, const std::string& topic);

/// A sentence when one broker's loss can lose acknowledged events; empty when it can't.
[[nodiscard]] std::string durability_doubt(const std::string& topic, std::uint32_t replication,
                                           std::uint32_t min_in_sync);

/// Retention as the topic's own settings: only where the operator allows to lose unread events,
/// since the cluster does not know who has read what.
[[nodiscard]] std::map<std::string, std::string> retention_options(const dataset_spec& spec);

}  // namespace sluice::datasets::kafka
