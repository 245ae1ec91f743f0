// The producer alone, on the cluster in memory.

#include "datasets/kafka/producer.hpp"

#include "tests/unit/datasets/kafka/kafka_fixture.hpp"

namespace sluice::datasets::kafka {

namespace {

struct KafkaProducer : kafka_test {
    struct counting : delivery {
        std::atomic<int> good{0};
        std::atomic<int> bad{0};
        void reported(const std::optional<failure>& error, offset) override
        {
            (error ? bad : good) += 1;
        }
    };

    void slow_brokers_down()
    {
        for (std::int32_t broker = 1; broker <= brokers; ++broker) {
            rd_kafka_mock_broker_set_rtt(cluster, broker, 300);
        }
    }

    int produce(producer& with, int count)
    {
        int taken = 0;
        for (int i = 0; i < count; ++i) {
            const auto refused =
                with.produce(with.route_to("sluice.orders"), {.partition = partition_id{0},
                                                              .key = std::nullopt,
                                                              .value = "{}",
                                                              .headers = nullptr,
                                                              .to = &reports});
            taken += refused ? 0 : 1;
        }
        return taken;
    }

    cluster_health health;
    kafka_stats stats;
    counting reports;
};

}  // namespace

TEST_F(KafkaProducer, SmallerRequestsLoseNothingOfWhatIsUnderWay)
{
    settings.produce_timeout = 8s;  // newer libraries take longer to their first record
    slow_brokers_down();
    auto opened = producer::open(settings, health, stats);
    ASSERT_TRUE(opened);
    auto& with = **opened;
    ASSERT_EQ(produce(with, 50), 50);
    with.limit_batches(5'000);
    ASSERT_EQ(produce(with, 50), 50);
    with.limit_batches(2'000);
    with.limit_batches(8'000);  // another topic takes more: nothing changes
    ASSERT_EQ(produce(with, 50), 50);
    EXPECT_TRUE(eventually([&] { return reports.good == 150; }));
    EXPECT_EQ(reports.bad, 0);
    EXPECT_EQ(stats.producers_renewed, 0u) << "not a fault";
}

TEST_F(KafkaProducer, ClosingReportsWhatAReplacedOneStillHolds)
{
    settings.produce_timeout = 8s;  // newer libraries take longer to their first record
    slow_brokers_down();
    auto opened = producer::open(settings, health, stats);
    ASSERT_TRUE(opened);
    ASSERT_EQ(produce(**opened, 20), 20);
    (*opened)->limit_batches(5'000);
    (*opened)->close();
    EXPECT_EQ(reports.good + reports.bad, 20);
    EXPECT_EQ(reports.bad, 0);
}

}  // namespace sluice::datasets::kafka
