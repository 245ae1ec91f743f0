#pragma once
// A cluster in memory (librdkafka's own), logs over it, and short words for what tests do with
// them. The cluster lives as long as the fixture; it creates no topics by itself.

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <condition_variable>
#include <future>

#include "datasets/kafka/handles.hpp"
#include "datasets/kafka/kafka_log.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

/// Polls until `is_true` or the time is over: for what happens on threads of the library.
template <class Predicate>
bool eventually(Predicate is_true, std::chrono::milliseconds within = 10s)
{
    const auto until = std::chrono::steady_clock::now() + within;
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

struct kafka_test : testing::Test {
    static constexpr int brokers = 2;

    kafka_test()
    {
        std::array<char, 256> text{};
        client.reset(
            rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text.data(), text.size()));
        cluster = rd_kafka_mock_cluster_new(client.get(), brokers);
        settings.brokers = {rd_kafka_mock_cluster_bootstraps(cluster)};
        settings.produce_timeout = 2s;
        // the mock lets a group's first members wait 3 s, and forgets them if that is too long
        settings.session_timeout = 4s;
        settings.readers = 2;
        // the mock answers an empty fetch only after the whole wait
        settings.options["fetch.wait.max.ms"] = secret_string("10");
        create_topic("sluice._documents", 1);
        create_topic("sluice.orders", 1);
    }
    ~kafka_test() override
    {
        log.reset();
        rd_kafka_mock_cluster_destroy(cluster);
    }

    void create_topic(const std::string& topic, int partitions)
    {
        ASSERT_EQ(rd_kafka_mock_topic_create(cluster, topic.c_str(), partitions, brokers),
                  RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    std::unique_ptr<kafka_log> make_log()
    {
        auto opened = kafka_log::open(settings, options);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
        return opened ? std::move(*opened) : nullptr;
    }
    void open()
    {
        log = make_log();
        declare();
    }
    void declare(const std::string& name = "orders", std::uint32_t partitions = 1)
    {
        declare(*log, name, partitions);
    }
    static void declare(kafka_log& on, const std::string& name = "orders",
                        std::uint32_t partitions = 1)
    {
        dataset_spec spec;
        spec.name = dataset_name{name};
        spec.partitions = partitions;
        auto declared = on.open_dataset(spec);
        ASSERT_TRUE(declared) << declared.error().message;
    }
    static bool owns(const kafka_log& who, std::size_t partitions,
                     const std::string& name = "orders")
    {
        return who.owned_partitions(dataset_name{name}).size() == partitions;
    }

    static partition_ref at(std::uint32_t partition = 0, const std::string& name = "orders")
    {
        return {dataset_name{name}, partition_id{partition}};
    }
    static new_record record(std::string_view id, std::string_view content = "{}")
    {
        new_record r;
        r.id = id;
        r.content = content;
        r.source = "native";
        r.received_at = wall_time{std::chrono::nanoseconds{1'700'000'000'123'456'789}};
        return r;
    }
    static result<write_receipt> write(kafka_log& to, const log_write& what)
    {
        std::promise<result<write_receipt>> done;
        to.write(what, [&done](result<write_receipt> r) { done.set_value(std::move(r)); });
        return done.get_future().get();
    }
    result<write_receipt> write(const log_write& what) { return write(*log, what); }
    result<offset> append(std::string_view id, std::string_view content = "{}",
                          const partition_ref& to = at())
    {
        std::array records{record(id, content)};
        std::array parts{append_part{to, records}};
        log_write what;
        what.appends = parts;
        auto written = write(what);
        if (!written) return written.error();
        return written->bases[0];
    }
    result<write_receipt> commit(kafka_log& to, const cursor_state& state,
                                 const partition_ref& of = at(), bool ignores_ownership = true)
    {
        std::array cursors{cursor_update{cursor_name{"lane/crm"}, of, state}};
        log_write what;
        what.cursors = cursors;
        what.is_internal = true;
        what.ignores_ownership = ignores_ownership;
        return write(to, what);
    }
    static result<std::shared_ptr<const record_batch>> read(kafka_log& log, offset from,
                                                            const partition_ref& p = at())
    {
        std::promise<result<std::shared_ptr<const record_batch>>> done;
        log.read(p, from, [&done](auto r) { done.set_value(std::move(r)); });
        return done.get_future().get();
    }
    result<std::shared_ptr<const record_batch>> read(offset from, const partition_ref& p = at())
    {
        return read(*log, from, p);
    }
    /// Ids from `from` on, in order, until nothing follows.
    static std::vector<std::string> ids(kafka_log& log, offset from = {},
                                        const partition_ref& p = at())
    {
        std::vector<std::string> out;
        for (;;) {
            auto batch = read(log, from, p);
            EXPECT_TRUE(batch) << (batch ? "" : batch.error().message);
            if (!batch || !*batch) return out;
            for (const auto& r : (*batch)->records()) {
                if (r.position >= from) out.emplace_back(r.id);
            }
            from = (*batch)->end();
        }
    }
    std::vector<std::string> ids(offset from = {}, const partition_ref& p = at())
    {
        return ids(*log, from, p);
    }
    /// Waits like a lane does.
    static bool wait_beyond(kafka_log& log, offset seen, const partition_ref& p = at(),
                            std::chrono::milliseconds within = 10s)
    {
        auto done = std::make_shared<std::promise<void>>();
        auto future = done->get_future();
        const auto id = log.wait_beyond(p, seen, [done] { done->set_value(); });
        const bool is_over = future.wait_for(within) == std::future_status::ready;
        log.cancel_wait(id);
        return is_over;
    }

    /// What another Kafka client writes: no headers, a null value if absent.
    void produce_as_others(const std::string& topic, const std::optional<std::string>& key,
                           const std::optional<std::string>& value)
    {
        auto* conf = rd_kafka_conf_new();
        std::array<char, 256> text{};
        rd_kafka_conf_set(conf, "bootstrap.servers", settings.brokers[0].c_str(), text.data(),
                          text.size());
        client_handle other(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size()));
        topic_handle to(rd_kafka_topic_new(other.get(), topic.c_str(), nullptr));
        std::string copy = value.value_or("");
        rd_kafka_produce(to.get(), 0, RD_KAFKA_MSG_F_COPY, value ? copy.data() : nullptr,
                         copy.size(), key ? key->data() : nullptr, key ? key->size() : 0, nullptr);
        ASSERT_EQ(rd_kafka_flush(other.get(), 5'000), RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    void set_brokers_down(bool are_down)
    {
        for (int id = 1; id <= brokers; ++id) {
            if (are_down) {
                rd_kafka_mock_broker_set_down(cluster, id);
            } else {
                rd_kafka_mock_broker_set_up(cluster, id);
            }
        }
    }

    client_handle client;
    rd_kafka_mock_cluster_t* cluster = nullptr;
    config::kafka_settings settings;
    kafka_log_options options;
    std::unique_ptr<kafka_log> log;
};

}  // namespace sluice::datasets::kafka
