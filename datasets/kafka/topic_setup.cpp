#include "datasets/kafka/topic_setup.hpp"

#include <spdlog/spdlog.h>

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

namespace {

/// The brokers agree on a new topic within moments; until then they contradict each other.
constexpr int looks_max = 50;
constexpr auto look_pause = std::chrono::milliseconds(100);

using option_map = std::map<std::string, std::string>;

std::uint64_t number_of(const option_map& options, const char* name, std::uint64_t otherwise)
{
    const auto found = options.find(name);
    return found == options.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 10);
}

void warn_of_doubt(const option_map& options, const std::string& topic, std::uint32_t replication)
{
    const auto in_sync = number_of(options, "min.insync.replicas", 1);
    const auto doubt = durability_doubt(topic, replication, static_cast<std::uint32_t>(in_sync));
    if (!doubt.empty()) spdlog::warn("kafka: {}", doubt);
}

void warn_of_compaction(const option_map& options, const std::string& topic)
{
    const auto policy = options.find("cleanup.policy");
    if (policy != options.end() && policy->second.find("compact") != std::string::npos) {
        spdlog::warn(
            "kafka: topic {} is compacted: events with the same ordering key replace each "
            "other before everybody has read them; set cleanup.policy=delete",
            topic);
    }
}

result<std::uint32_t> wait_for_partitions(cluster& asked, const std::string& topic,
                                          std::uint32_t wanted)
{
    for (int look = 0; look < looks_max; ++look) {
        auto shape = asked.describe(topic);
        if (!shape) return shape.error();
        if (*shape && (*shape)->partitions >= wanted) return (*shape)->partitions;
        std::this_thread::sleep_for(look_pause);
    }
    return failure{
        make_error_code(log_errc::refusing),
        fmt::format("topic {} was made, but the brokers do not show it; see their logs", topic)};
}

}  // namespace

std::string durability_doubt(const std::string& topic, std::uint32_t replication,
                             std::uint32_t min_in_sync)
{
    if (replication >= 2 && min_in_sync >= 2) return {};
    if (replication < 2) {
        return fmt::format(
            "topic {} has one replica: acknowledged events are lost when its broker "
            "loses its disk, and the last ones when it loses power; set "
            "`replication: 3` and min.insync.replicas=2",
            topic);
    }
    return fmt::format(
        "topic {} has {} replicas, but one in sync is enough for an "
        "acknowledgement: what only that broker has is lost with it; set "
        "min.insync.replicas=2",
        topic, replication);
}

std::map<std::string, std::string> retention_options(const dataset_spec& spec)
{
    std::map<std::string, std::string> out{{"retention.ms", "-1"}, {"retention.bytes", "-1"}};
    if (!spec.trim_unread) return out;
    if (spec.age_max) out["retention.ms"] = std::to_string(spec.age_max->count());
    if (spec.bytes_max) {
        out["retention.bytes"] = std::to_string(*spec.bytes_max / std::max(spec.partitions, 1u));
    }
    return out;
}

result<topic_facts> set_up_topic(cluster& asked, const config::kafka_settings& settings,
                                 const dataset_spec& spec, const std::string& topic)
{
    auto shape = asked.describe(topic);
    if (!shape) return shape.error();
    auto present = *shape ? (*shape)->partitions : 0;
    if (!*shape) {
        auto options = settings.topic_options;
        options.merge(retention_options(spec));
        if (auto bad = asked.create_topic(topic, spec.partitions, options)) return std::move(*bad);
        spdlog::info("kafka: topic {} created with {} partitions", topic, spec.partitions);
    } else if (present < spec.partitions) {
        if (auto bad = asked.add_partitions(topic, spec.partitions)) return std::move(*bad);
        spdlog::warn(
            "kafka: topic {} grew from {} to {} partitions: later events of an ordering "
            "key may go to another partition than the earlier ones",
            topic, present, spec.partitions);
    } else if (present > spec.partitions) {
        spdlog::warn(
            "kafka: topic {} keeps its {} partitions: partitions can't be taken away; set "
            "`partitions: {}`",
            topic, present, present);
    }
    if (present < spec.partitions) {
        auto now = wait_for_partitions(asked, topic, spec.partitions);
        if (!now) return now.error();
        present = *now;
        shape = asked.describe(topic);
    }
    topic_facts facts{present, 0};
    const auto options = asked.topic_options(topic);
    if (!options) {
        spdlog::info("kafka: {}; whether acknowledged events are safe could not be checked",
                     options.error().message);
        return facts;
    }
    // retries and dead letters are made with the same settings: one warning is enough
    const bool is_internal = spec.name.value().starts_with('_');
    if (!is_internal) warn_of_doubt(*options, topic, shape && *shape ? (*shape)->replication : 1);
    warn_of_compaction(*options, topic);
    facts.message_bytes_max = number_of(*options, "max.message.bytes", 0);
    return facts;
}

}  // namespace sluice::datasets::kafka
