// The spool in front of a cluster in memory, put together as a gateway does it.
#include <filesystem>
#include <random>

#include "datasets/open_log.hpp"
#include "tests/unit/datasets/kafka/kafka_fixture.hpp"

namespace sluice::datasets::kafka {

namespace {

struct KafkaSpool : kafka_test {
    KafkaSpool()
    {
        folder = std::filesystem::path(testing::TempDir()) /
                 fmt::format("kafka_spool_{}", std::random_device{}());
        settings.spool.enabled = true;
        settings.produce_timeout = 1s;
    }
    ~KafkaSpool() override
    {
        gateway.reset();
        std::filesystem::remove_all(folder);
    }

    /// A gateway's life up to the point where it listens.
    void start()
    {
        gateway.reset();
        auto opened = open_log({.data_dir = folder.string(), .kafka = settings});
        ASSERT_TRUE(opened) << opened.error().message;
        gateway = std::move(*opened);
        ASSERT_TRUE(gateway->prepare_dataset(orders));
    }
    bool post(const std::string& id)
    {
        const auto content = "{\"id\":\"" + id + "\"}";
        std::array records{record(id, content)};
        const append_part part{at(), records};
        log_write what;
        what.appends = {&part, 1};
        std::promise<bool> done;
        gateway->write(what, [&done](const auto& r) { done.set_value(r.has_value()); });
        return done.get_future().get();
    }
    std::vector<std::string> post_many(const std::string& prefix, int count)
    {
        std::vector<std::string> posted;
        for (int i = 0; i < count; ++i) {
            posted.push_back(prefix + std::to_string(i));
            EXPECT_TRUE(post(posted.back()));
        }
        return posted;
    }
    bool begins() { return gateway->open_dataset(orders).has_value(); }
    bool is_drained() const
    {
        const auto all = gateway->figures();
        return std::any_of(all.begin(), all.end(), [](const log_figure& f) {
            return f.name == "spool_events" && f.value == 0;
        });
    }
    /// Whether any consumer finds these in the topic, soon and in this order. A group whose answer
    /// came too late on a slow machine may stand there twice, in its order.
    bool has_topic(const std::vector<std::string>& expected, offset from = {})
    {
        if (!log) open();
        std::vector<std::string> once;
        const auto is_there = [&] {
            once.clear();
            for (auto& id : ids(from)) {
                if (id == "lost or not") continue;
                if (std::find(once.begin(), once.end(), id) == once.end()) once.push_back(id);
            }
            return once == expected;
        };
        if (eventually(is_there)) return true;
        ADD_FAILURE() << testing::PrintToString(once);
        return false;
    }

    std::filesystem::path folder;
    const dataset_spec orders{.name = dataset_name{"orders"}};
    std::unique_ptr<event_log> gateway;
};

TEST_F(KafkaSpool, WhatWasAcceptedBeforeTheClusterWasEverSeenComesAfterWhereALaneBegins)
{
    set_brokers_down(true);
    start();
    auto posted = post_many("first-", 20);
    start();  // killed and started, and the cluster is still away
    for (auto& one : post_many("second-", 20)) posted.push_back(one);
    EXPECT_FALSE(begins());
    set_brokers_down(false);
    ASSERT_TRUE(eventually([&] { return begins(); }, 30s));
    const auto since = gateway->oldest_spooled();
    ASSERT_TRUE(since);
    EXPECT_TRUE(has_topic({})) << "nothing is forwarded before lanes have begun";
    const auto lane_begins = gateway->offset_at(at(), *since);
    ASSERT_TRUE(lane_begins);
    gateway->let_spool_flow(true);
    ASSERT_TRUE(eventually([&] { return is_drained(); }, 30s));
    EXPECT_TRUE(post("direct"));
    posted.emplace_back("direct");
    EXPECT_TRUE(has_topic(posted, *lane_begins));
}

TEST_F(KafkaSpool, AnOutageOfARunningGatewayKeepsTheOrderOfAKey)
{
    start();
    ASSERT_TRUE(begins());
    gateway->let_spool_flow(true);
    auto posted = post_many("before-", 5);
    set_brokers_down(true);
    ASSERT_TRUE(eventually([&] { return post("lost or not"); }, 30s)) << "the spool takes over";
    for (auto& one : post_many("during-", 50)) posted.push_back(one);
    set_brokers_down(false);
    for (int i = 0; i < 200; ++i) {
        posted.push_back("after-" + std::to_string(i));
        EXPECT_TRUE(post(posted.back()));
    }
    ASSERT_TRUE(eventually([&] { return is_drained(); }, 30s));
    EXPECT_TRUE(has_topic(posted));
}

TEST_F(KafkaSpool, GroupsThatABrokerRefusesAreCutDownUntilTheyPass)
{
    start();
    ASSERT_TRUE(begins());
    const auto posted = post_many("e-", 100);
    rd_kafka_mock_push_request_errors(cluster, 0, 3, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    gateway->let_spool_flow(true);
    ASSERT_TRUE(eventually([&] { return is_drained(); }, 30s));
    EXPECT_TRUE(has_topic(posted));
    EXPECT_FALSE(std::filesystem::exists(folder / "spool-refused.ndjson"));
}

TEST_F(KafkaSpool, AnEventThatIsTooLargeForItsTopicIsPutAside)
{
    start();
    ASSERT_TRUE(begins());
    EXPECT_TRUE(post("small"));
    rd_kafka_mock_push_request_errors(cluster, 0, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    gateway->let_spool_flow(true);
    ASSERT_TRUE(eventually([&] { return is_drained(); }, 30s));
    EXPECT_TRUE(post("next"));
    EXPECT_TRUE(has_topic({"next"}));
    EXPECT_TRUE(std::filesystem::exists(folder / "spool-refused.ndjson"));
}

TEST_F(KafkaSpool, TurnedOffWhileEventsWaitItStillForwardsThem)
{
    set_brokers_down(true);
    start();
    const auto posted = post_many("e-", 10);
    settings.spool.enabled = false;
    start();
    set_brokers_down(false);
    ASSERT_TRUE(eventually([&] { return begins(); }, 30s));
    gateway->let_spool_flow(true);
    ASSERT_TRUE(eventually([&] { return is_drained(); }, 30s));
    EXPECT_TRUE(has_topic(posted));
}

}  // namespace

}  // namespace sluice::datasets::kafka
