#pragma once
// Owners of librdkafka's C handles: what is created here is destroyed when its owner goes, on the
// owner's thread.

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

namespace sluice::datasets::kafka {

template <auto Destroy>
struct handle_deleter {
    template <class T>
    void operator()(T* handle) const noexcept
    {
        Destroy(handle);
    }
};

template <class T, auto Destroy>
using handle = std::unique_ptr<T, handle_deleter<Destroy>>;

using conf_handle = handle<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using topic_conf_handle = handle<rd_kafka_topic_conf_t, rd_kafka_topic_conf_destroy>;
using client_handle = handle<rd_kafka_t, rd_kafka_destroy>;
using queue_handle = handle<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using topic_handle = handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using message_handle = handle<rd_kafka_message_t, rd_kafka_message_destroy>;
using headers_handle = handle<rd_kafka_headers_t, rd_kafka_headers_destroy>;
using event_handle = handle<rd_kafka_event_t, rd_kafka_event_destroy>;
using error_handle = handle<rd_kafka_error_t, rd_kafka_error_destroy>;
using options_handle = handle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using new_topic_handle = handle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using new_partitions_handle = handle<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using resource_handle = handle<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
using delete_records_handle = handle<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy>;
using partition_list =
    handle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

[[nodiscard]] inline partition_list make_partition_list(std::size_t size)
{
    return partition_list(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

inline rd_kafka_topic_partition_t* add_partition(const partition_list& list,
                                                 const std::string& topic, std::uint32_t partition)
{
    return rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                             static_cast<std::int32_t>(partition));
}

}  // namespace sluice::datasets::kafka
