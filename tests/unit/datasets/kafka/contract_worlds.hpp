#pragma once
// The storages that the laws are tried on: a folder, a Kafka cluster in memory, a real cluster.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <unistd.h>

#include <cstdlib>

#include "datasets/kafka/handles.hpp"
#include "datasets/kafka/names.hpp"
#include "tests/unit/datasets/contract/log_world.hpp"

namespace sluice::datasets::contract {

class folder_world final : public log_world {
public:
    folder_world() { patience = 1s; }
    ~folder_world() override { close(); }
    static bool can(ability) { return true; }
    [[nodiscard]] std::size_t too_large() const override { return (64u << 20) + 1; }

private:
    log_settings settings(bool is_read_only) override
    {
        log_settings out;
        out.data_dir = folder_.path() + "/data";
        out.clock = &clock;
        out.store.free_bytes_min = 0;
        out.store.free_share_min = 0;
        out.retention_period = 20ms;
        out.is_read_only = is_read_only;
        return out;
    }

    temporary_folder folder_;
};

inline log_settings cluster_settings(const clock_source& clock, const std::string& brokers)
{
    log_settings out;
    out.clock = &clock;
    out.retention_period = 100ms;
    auto& kafka = out.kafka.emplace();
    kafka.brokers = {brokers};
    kafka.produce_timeout = 5s;
    kafka.session_timeout = 6s;
    kafka.readers = 2;
    return out;
}

/// librdkafka's own cluster. It answers no DeleteRecords, no CreatePartitions and no search by
/// time: the laws about those are tried on a real one.
class memory_cluster_world final : public log_world {
public:
    memory_cluster_world()
    {
        patience = 15s;
        std::array<char, 256> text{};
        auto* conf = rd_kafka_conf_new();
        rd_kafka_conf_set(conf, "log_level", "2", text.data(), text.size());
        client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size()));
        cluster_ = rd_kafka_mock_cluster_new(client_.get(), 1);
        make_topic("sluice._documents", 1);
    }
    ~memory_cluster_world() override
    {
        close();
        rd_kafka_mock_cluster_destroy(cluster_);
    }
    static bool can(ability what) { return what == ability::nothing_special; }
    [[nodiscard]] std::size_t too_large() const override { return 1'200'000; }
    void make_room(const dataset_spec& spec) override
    {
        const kafka::names called("sluice.");
        make_topic(*called.topic_of(spec.name), static_cast<int>(spec.partitions));
    }

private:
    void make_topic(const std::string& topic, int partitions)
    {
        if (topics_.insert(topic).second) {
            rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1);
        }
    }
    log_settings settings(bool is_read_only) override
    {
        auto out = cluster_settings(clock, rd_kafka_mock_cluster_bootstraps(cluster_));
        out.is_read_only = is_read_only;
        // the cluster in memory answers an empty fetch only after the whole wait
        out.kafka->options["fetch.wait.max.ms"] = secret_string("10");
        return out;
    }

    kafka::client_handle client_;
    rd_kafka_mock_cluster_t* cluster_ = nullptr;
    std::set<std::string> topics_;
};

/// The cluster that SLUICE_TEST_KAFKA names, if any: tests/integration/kafka_test.py starts one.
class real_cluster_world final : public log_world {
public:
    [[nodiscard]] static const char* brokers() { return std::getenv("SLUICE_TEST_KAFKA"); }

    real_cluster_world()
    {
        patience = 30s;
        static int count = 0;
        prefix_ = fmt::format("contract{}.{}.", ::getpid(), ++count);
    }
    static bool can(ability) { return true; }
    [[nodiscard]] std::size_t too_large() const override { return 1'200'000; }

private:
    log_settings settings(bool is_read_only) override
    {
        auto out = cluster_settings(clock, brokers());
        out.kafka->topic_prefix = prefix_;
        out.kafka->group = prefix_ + "group";
        out.is_read_only = is_read_only;
        return out;
    }

    std::string prefix_;
};

}  // namespace sluice::datasets::contract
