#include "datasets/kafka/partition_consumer.hpp"

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

partition_consumer::partition_consumer(client_handle client)
    : client_(std::move(client)), queue_(rd_kafka_queue_new(client_.get()))
{
}

result<std::unique_ptr<partition_consumer>> partition_consumer::open(
    const config::kafka_settings& settings, client_role role)
{
    auto conf = make_conf(settings, role);
    if (!conf) return conf.error();
    auto client = make_client(std::move(*conf), RD_KAFKA_CONSUMER);
    if (!client) return client.error();
    return std::unique_ptr<partition_consumer>(new partition_consumer(std::move(*client)));
}

partition_consumer::~partition_consumer()
{
    stop_all();
    topics_.clear();
    queue_.reset();
}

std::optional<failure> partition_consumer::start(const std::string& topic, void* tag,
                                                 std::uint32_t partition, std::uint64_t from)
{
    stop(topic, partition);
    auto& handle = topics_[topic];
    if (!handle) {
        auto* conf = rd_kafka_default_topic_conf_dup(client_.get());
        rd_kafka_topic_conf_set_opaque(conf, tag);
        handle.reset(rd_kafka_topic_new(client_.get(), topic.c_str(), conf));
    }
    if (!handle ||
        rd_kafka_consume_start_queue(handle.get(), static_cast<std::int32_t>(partition),
                                     static_cast<std::int64_t>(from), queue_.get()) != 0) {
        const auto error = rd_kafka_last_error();
        return failure{make_error_code(log_errc::io),
                       fmt::format("can't read topic {}: {}", topic, explain(error, {}))};
    }
    reading_.emplace(topic, partition);
    return std::nullopt;
}

void partition_consumer::stop(const std::string& topic, std::uint32_t partition)
{
    if (reading_.erase({topic, partition}) == 0) return;
    rd_kafka_consume_stop(topics_.at(topic).get(), static_cast<std::int32_t>(partition));
}

void partition_consumer::stop_all()
{
    while (!reading_.empty()) {
        const auto [topic, partition] = *reading_.begin();
        stop(topic, partition);
    }
}

message_handle partition_consumer::next(std::chrono::milliseconds wait)
{
    return message_handle(rd_kafka_consume_queue(queue_.get(), static_cast<int>(wait.count())));
}

void partition_consumer::interrupt() noexcept
{
    rd_kafka_queue_yield(queue_.get());
}

}  // namespace sluice::datasets::kafka
