#include "datasets/open_log.hpp"

#include <spdlog/spdlog.h>

#include "datasets/embedded/embedded_log.hpp"
#include "datasets/kafka/kafka_log.hpp"
#include "datasets/spooling_log.hpp"

namespace sluice::datasets {

namespace {

result<std::unique_ptr<event_log>> open_kafka(const log_settings& settings)
{
    auto cluster =
        kafka::kafka_log::open(*settings.kafka, {.cache_bytes_max = settings.cache_bytes_max,
                                                 .clock = settings.clock,
                                                 .is_read_only = settings.is_read_only,
                                                 .is_tool = settings.is_tool,
                                                 .retention_period = settings.retention_period});
    if (!cluster) return cluster.error();
    // tools look at the cluster; the spool belongs to the gateway that writes it
    const bool spools = settings.kafka->spool.enabled && !settings.is_tool;
    if (!spools) return std::unique_ptr<event_log>(std::move(*cluster));
    auto local = settings;
    local.data_dir += "/spool";
    local.cache_bytes_max = 8ull << 20;  // it is read once, by the one who forwards
    auto spool = embedded::embedded_log::open(local);
    if (!spool) return spool.error();
    return std::unique_ptr<event_log>(std::make_unique<spooling_log>(
        std::move(*cluster), std::move(*spool),
        spool_settings{.bytes_max = settings.kafka->spool.bytes_max}));
}

}  // namespace

result<std::unique_ptr<event_log>> open_log(const log_settings& settings)
{
    if (settings.kafka) return open_kafka(settings);
    auto log = embedded::embedded_log::open(settings);
    if (!log) return log.error();
    return std::unique_ptr<event_log>(std::move(*log));
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
