#pragma once
// A client that reads given partitions from given offsets into one queue, without a group. One
// thread owns it; only `interrupt` may be called from others.

#include <map>
#include <set>

#include "datasets/kafka/client_settings.hpp"

namespace sluice::datasets::kafka {

class partition_consumer {
public:
    static result<std::unique_ptr<partition_consumer>> open(const config::kafka_settings& settings,
                                                            client_role role);
    ~partition_consumer();
    partition_consumer(const partition_consumer&) = delete;
    partition_consumer& operator=(const partition_consumer&) = delete;

    /// `tag` comes back with each message of the topic (see `tag_of`). A partition that is being
    /// read is set to the new offset.
    std::optional<failure> start(const std::string& topic, void* tag, std::uint32_t partition,
                                 std::uint64_t from);
    void stop(const std::string& topic, std::uint32_t partition);
    void stop_all();

    /// The next record, or what happened to a partition (then `err` is set); null when there is
    /// none within `wait` or somebody interrupts.
    [[nodiscard]] message_handle next(std::chrono::milliseconds wait);
    void interrupt() noexcept;

    [[nodiscard]] static void* tag_of(const rd_kafka_message_t& message)
    {
        return rd_kafka_topic_opaque(message.rkt);
    }

private:
    explicit partition_consumer(client_handle client);

    client_handle client_;
    queue_handle queue_;
    std::map<std::string, topic_handle> topics_;
    std::set<std::pair<std::string, std::uint32_t>> reading_;
};

}  // namespace sluice::datasets::kafka
