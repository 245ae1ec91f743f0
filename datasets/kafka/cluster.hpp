#pragma once
// What is asked of the cluster besides records and cursors: topics, watermarks, groups. One client.
// Thread-safe; every question blocks, for a bounded time.

#include <map>

#include "datasets/kafka/client_settings.hpp"
#include "datasets/kafka/names.hpp"

namespace sluice::datasets::kafka {

struct topic_shape {
    std::uint32_t partitions = 0;
    std::uint32_t replication = 0;  ///< the smallest of its partitions
};

struct watermarks {
    std::uint64_t low = 0;   ///< the oldest offset kept
    std::uint64_t high = 0;  ///< one past the newest
};

class cluster {
public:
    static result<std::unique_ptr<cluster>> open(const config::kafka_settings& settings);
    ~cluster() = default;
    cluster(const cluster&) = delete;
    cluster& operator=(const cluster&) = delete;

    /// True when some broker answers within `timeout`.
    [[nodiscard]] bool is_reachable(std::chrono::milliseconds timeout);

    /// Nothing when there is no such topic.
    [[nodiscard]] result<std::optional<topic_shape>> describe(const std::string& topic);
    [[nodiscard]] result<std::map<std::string, topic_shape>> list_topics();
    [[nodiscard]] std::optional<failure> create_topic(
        const std::string& topic, std::uint32_t partitions,
        const std::map<std::string, std::string>& options);
    [[nodiscard]] std::optional<failure> add_partitions(const std::string& topic,
                                                        std::uint32_t partitions);
    [[nodiscard]] result<std::map<std::string, std::string>> topic_options(
        const std::string& topic);
    [[nodiscard]] std::optional<failure> delete_before(const std::string& topic,
                                                       std::uint32_t partition,
                                                       std::uint64_t position);

    [[nodiscard]] result<watermarks> find_watermarks(const std::string& topic,
                                                     std::uint32_t partition);
    /// The first offset with a time at or after `ms`; nothing when there is none.
    [[nodiscard]] result<std::optional<std::uint64_t>> find_time(const std::string& topic,
                                                                 std::uint32_t partition,
                                                                 std::int64_t ms);

    /// Nothing when the brokers are too old to tell.
    [[nodiscard]] result<std::optional<std::vector<std::string>>> list_groups();

private:
    cluster(const config::kafka_settings& settings, client_handle client);

    [[nodiscard]] options_handle admin_options(rd_kafka_admin_op_t what) const;
    [[nodiscard]] event_handle wait_for(const queue_handle& queue) const;
    [[nodiscard]] result<std::map<std::string, topic_shape>> fetch_metadata(const char* topic);

    const config::kafka_settings settings_;
    client_handle client_;
    std::atomic<std::int32_t> some_broker_{0};
};

}  // namespace sluice::datasets::kafka
