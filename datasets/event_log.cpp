#include "datasets/event_log.hpp"

#include "datasets/log_error.hpp"

namespace sluice::datasets {

namespace {

failure left_to_the_engine(const char* what)
{
    return {make_error_code(log_errc::unsupported),
            std::string(what) + " is left to the tools of this engine"};
}

}  // namespace

result<trim_result> event_log::trim(const partition_ref& partition, offset before, bool is_dry_run)
{
    static_cast<void>(partition);
    static_cast<void>(before);
    static_cast<void>(is_dry_run);
    return left_to_the_engine("Trimming (Kafka: kafka-delete-records)");
}

result<backup_report> event_log::backup(const std::string& folder)
{
    static_cast<void>(folder);
    return left_to_the_engine("A backup (Kafka: replicas, mirroring)");
}

}  // namespace sluice::datasets
