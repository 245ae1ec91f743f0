#pragma once
// The one idempotent producer of a log and the thread that hears its delivery reports. After a
// fatal error it is replaced by a new one; what the old one still held is reported as failed. Also
// replaced when a topic takes less at once than it sends; then the old one finishes what it has.
// Thread-safe.

#include <condition_variable>
#include <shared_mutex>
#include <thread>
#include <unordered_map>

#include "datasets/kafka/client_settings.hpp"
#include "datasets/kafka/cluster_health.hpp"
#include "datasets/kafka/kafka_record.hpp"
#include "datasets/kafka/kafka_stats.hpp"

namespace sluice::datasets::kafka {

/// Who wants to know what became of records. Must live until each of them was reported.
class delivery {
public:
    virtual ~delivery() = default;
    /// On the producer's thread. `at` is meaningless after an error.
    virtual void reported(const std::optional<failure>& error, offset at) = 0;
};

struct outgoing {
    partition_id partition;
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;  ///< absent: a tombstone
    headers_handle headers;
    std::int64_t time_ms = 0;
    delivery* to = nullptr;
    bool keeps_value = false;  ///< the value stays where it is until the report: no copy is made
};

class producer {
    struct incarnation;

public:
    /// The way to one topic, found once for many records. The producer's replacement waits for it:
    /// let it go before waiting for anything.
    class route {
        friend producer;
        std::shared_ptr<incarnation> life_;
        rd_kafka_topic_t* topic_ = nullptr;
    };

    static result<std::unique_ptr<producer>> open(const config::kafka_settings& settings,
                                                  cluster_health& health, kafka_stats& stats);
    ~producer();
    producer(const producer&) = delete;
    producer& operator=(const producer&) = delete;

    /// Copies; then exactly one report follows. After a failure here none does.
    [[nodiscard]] std::optional<failure> produce(const route& by, outgoing record);
    [[nodiscard]] route route_to(const std::string& topic) const;
    /// Asks the brokers again what the topic is like: it has got more partitions. Blocking; after a
    /// failure records for the new ones are refused until the library looks by itself (5 min).
    void refresh(const std::string& topic) const;
    /// A topic takes at most so many bytes at once. The library makes one request of many records
    /// and, unlike Kafka's own client, does not divide what a broker finds too large: it would
    /// refuse records of which each fits. Blocking for a moment; what is produced later obeys.
    void limit_batches(std::uint64_t bytes);
    /// Waits until everything was reported, at most the produce timeout, then reports the rest as
    /// failed and ends the thread. Idempotent.
    void close();

    /// Lets the library believe in a fatal error; for tests.
    void break_for_test();

private:
    /// One life of the library's producer, with the topics it has met.
    struct incarnation {
        client_handle client;
        std::unordered_map<std::string, topic_handle> topics;
        std::shared_mutex topics_mutex;
        ~incarnation() { topics.clear(); }
    };

    producer(const config::kafka_settings& settings, cluster_health& health, kafka_stats& stats);
    result<std::shared_ptr<incarnation>> make();
    result<std::shared_ptr<incarnation>> replace();
    [[nodiscard]] std::shared_ptr<incarnation> current() const;
    static rd_kafka_topic_t* topic_of(incarnation& life, const std::string& topic);
    static void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
    static void on_error(rd_kafka_t*, int error, const char* reason, void* self);
    static int on_certificate(rd_kafka_t*, const char*, std::int32_t, int* x509_error, int,
                              const char*, std::size_t, char* text, std::size_t size, void* self);
    [[nodiscard]] failure failure_of(rd_kafka_resp_err_t error, std::size_t bytes) const;
    void note_failure(rd_kafka_resp_err_t error, const std::string& text);
    void tell_outage();
    void renew();
    void hear_retired();
    void drain(incarnation& life);
    void run();

    const config::kafka_settings settings_;
    cluster_health& health_;
    kafka_stats& stats_;
    const std::string login_trouble_;  ///< what is known of this library and our kind of login
    /// All brokers are down, and whether our health has heard of it. Of the producer's thread.
    enum class outage : std::uint8_t { none, untold, told };
    outage outage_ = outage::none;
    std::string last_error_;          ///< of the producer's thread: why brokers were lost
    std::atomic<int> x509_error_{0};  ///< of the last certificate that was refused
    std::atomic<bool> is_fatal_{false};
    std::atomic<bool> is_over_{false};
    mutable std::mutex mutex_;  ///< guards the three below
    std::shared_ptr<incarnation> life_;
    std::uint64_t batch_bytes_max_;
    std::vector<std::shared_ptr<incarnation>> retired_;  ///< finish what they still hold
    std::atomic<bool> has_retired_{false};               ///< asked without the mutex
    std::thread thread_;
};

}  // namespace sluice::datasets::kafka
