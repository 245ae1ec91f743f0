#pragma once
// The gateways' small documents in one compacted topic: key = collection, a zero byte, key; a
// tombstone erases. A thread follows the topic into a view in memory; asking waits until the view
// has what anybody wrote before the question. Thread-safe.

#include <condition_variable>
#include <map>
#include <thread>

#include "datasets/event_log.hpp"
#include "datasets/kafka/cluster.hpp"
#include "datasets/kafka/partition_consumer.hpp"

namespace sluice::datasets::kafka {

class document_store {
public:
    static result<std::unique_ptr<document_store>> open(const config::kafka_settings& settings,
                                                        cluster& asked, std::string topic);
    ~document_store();
    document_store(const document_store&) = delete;
    document_store& operator=(const document_store&) = delete;

    /// Creates the topic if absent. Blocking; once it succeeded it is free.
    [[nodiscard]] std::optional<failure> prepare(bool may_create);
    [[nodiscard]] bool is_prepared() const noexcept { return is_prepared_; }
    [[nodiscard]] const std::string& topic() const noexcept { return topic_; }
    [[nodiscard]] static std::string key_of(const document_update& update);
    /// Blocking, bounded.
    [[nodiscard]] result<std::vector<std::pair<std::string, std::string>>> list(
        std::string_view collection);
    void stop();

private:
    document_store(std::unique_ptr<partition_consumer> consumer, cluster& asked, std::string topic);
    void run();
    void take(const rd_kafka_message_t& message);

    std::unique_ptr<partition_consumer> consumer_;
    cluster& asked_;
    const std::string topic_;
    std::mutex prepare_mutex_;
    std::atomic<bool> is_prepared_{false};
    std::atomic<bool> is_over_{false};
    std::mutex mutex_;
    std::condition_variable moved_;
    std::uint64_t position_ = 0;  ///< one past what the view has
    bool has_topic_ = false;
    std::map<std::string, std::string, std::less<>> view_;
    std::thread thread_;
};

}  // namespace sluice::datasets::kafka
