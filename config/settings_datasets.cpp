// Tabular: the declarations of these settings; how they are read stands in schema/.
#include "config/settings_datasets.hpp"

#include "config/schema/declarations.hpp"

namespace sluice::config {

template <>
const std::vector<std::string_view>& choices_of<fsync_mode>()
{
    static const std::vector<std::string_view> names{"group", "each", "interval", "off"};
    return names;
}

template <>
const object_shape& schema_of<retention_settings>()
{
    using r = retention_settings;
    static const object_shape shape =
        object_schema<r>("retention")
            .field("age_max", &r::age_max,
                   {.help = "Older events are removed; without it age does not matter",
                    .min = minutes,
                    .max = 36'500 * days,
                    .example = "7d"})
            .field("bytes_max", &r::bytes_max,
                   {.help = "Above this stored size the oldest events are removed",
                    .min = mib,
                    .is_bytes = true,
                    .example = "10GiB"})
            .field(
                "past_unread", &r::past_unread,
                {.help =
                     "true: also remove events that a lane or export has not read (they are lost)"})
            .build();
    return shape;
}

template <>
const object_shape& schema_of<dataset_settings>()
{
    using d = dataset_settings;
    static const object_shape shape =
        object_schema<d>("dataset")
            .field("description", &d::description, {.help = "For people"})
            .field("schema", &d::schema,
                   {.help = "JSON Schema file, relative to this one: `sluice check` then finds "
                            "misspelt fields and wrong types in rules. Events are not validated",
                    .example = "schemas/web.json"})
            .field("engine", &d::engine,
                   {.help = "Where the events are kept; the same for all datasets of a gateway",
                    .one_of = {"embedded", "kafka"}})
            .field("partitions", &d::partitions,
                   {.help = "Independent parts; order holds within one. Can't be lowered later",
                    .min = 1,
                    .max = 1'024})
            .field("retention", &d::retention,
                   {.help = "When events are removed; never before all readers read them"})
            .field("quota_bytes", &d::quota_bytes,
                   {.help = "Above this stored size new events are refused with 503",
                    .min = mib,
                    .is_bytes = true,
                    .example = "50GiB"})
            .build();
    return shape;
}

template <>
const object_shape& schema_of<embedded_settings>()
{
    using e = embedded_settings;
    static const object_shape shape =
        object_schema<e>("store")
            .field("fsync", &e::fsync,
                   {.help = "When an append counts as durable: one sync for all that wait (group), "
                            "one each, one "
                            "per interval, or none (off: a power cut loses events)"})
            .field("fsync_interval", &e::fsync_interval,
                   {.help = "With fsync 'interval': the most that a power cut can lose",
                    .min = 1,
                    .max = minutes})
            .field("group_bytes_max", &e::group_bytes_max,
                   {.help = "Bytes of one group commit",
                    .min = 64 * kib,
                    .max = gib,
                    .is_bytes = true})
            .field("value_bytes_max", &e::value_bytes_max,
                   {.help = "Bytes of one stored batch before compression",
                    .min = 4 * kib,
                    .max = 64 * mib,
                    .is_bytes = true})
            .field("compression_level", &e::compression_level,
                   {.help = "zstd level of stored batches; 0: none", .max = 19})
            .field("free_bytes_min", &e::free_bytes_min,
                   {.help = "Below this free disk space ingest is refused with 503, lanes go on",
                    .is_bytes = true})
            .field("free_share_min", &e::free_share_min,
                   {.help = "The same as a share of the disk; the larger of the two applies",
                    .min = 0,
                    .max = 0.9})
            .field("queue_bytes_max", &e::queue_bytes_max,
                   {.help = "Appends that wait for the committer; then 503",
                    .min = mib,
                    .max = 64 * gib,
                    .is_bytes = true})
            .build();
    return shape;
}

}  // namespace sluice::config
