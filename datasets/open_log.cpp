#include "datasets/open_log.hpp"

#include <filesystem>

#include "datasets/embedded/embedded_log.hpp"
#include "datasets/kafka/kafka_log.hpp"
#include "datasets/spool/spooling_log.hpp"

namespace sluice::datasets {

namespace {

result<std::unique_ptr<event_log>> open_kafka(const log_settings& settings)
{
    const bool is_gateway = !settings.is_tool && !settings.is_read_only;
    auto cluster =
        kafka::kafka_log::open(*settings.kafka, {.cache_bytes_max = settings.cache_bytes_max,
                                                 .clock = settings.clock,
                                                 .is_read_only = settings.is_read_only,
                                                 .is_tool = settings.is_tool,
                                                 .waits_for_lanes = is_gateway,
                                                 .retention_period = settings.retention_period});
    if (!cluster) return cluster.error();
    // tools look at the cluster; the spool belongs to the gateway that writes it
    auto local = settings;
    local.data_dir += "/spool";
    const bool has_spool = settings.kafka->spool.enabled || std::filesystem::exists(local.data_dir);
    if (!is_gateway || !has_spool) return std::unique_ptr<event_log>(std::move(*cluster));
    local.cache_bytes_max = 8ull << 20;  // it is read once, by the one who forwards
    auto spool = embedded::embedded_log::open(local);
    if (!spool) return spool.error();
    return std::unique_ptr<event_log>(std::make_unique<spooling_log>(
        std::move(*cluster), std::move(*spool),
        spool_settings{.takes_events = settings.kafka->spool.enabled,
                       .bytes_max = settings.kafka->spool.bytes_max,
                       .refused_file = settings.data_dir + "/spool-refused.ndjson",
                       .clock = settings.clock}));
}

}  // namespace

result<std::unique_ptr<event_log>> open_log(const log_settings& settings)
{
    if (settings.kafka) return open_kafka(settings);
    auto log = embedded::embedded_log::open(settings);
    if (!log) return log.error();
    return std::unique_ptr<event_log>(std::move(*log));
}

std::vector<engine_library> engine_libraries()
{
    return {{"RocksDB", embedded::embedded_log::library_version()},
            {"librdkafka", kafka::kafka_log::library_version()}};
}

log_settings log_settings_for(const config::settings& all)
{
    log_settings settings;
    settings.data_dir = all.gateway.data_dir;
    settings.store = all.embedded;
    settings.cache_bytes_max = all.gateway.batch_cache_bytes_max;
    if (config::uses_kafka(all)) settings.kafka = all.kafka;
    return settings;
}

}  // namespace sluice::datasets
