// What the cluster does to us, played by the cluster in memory: errors, silence, slowness.

#include "datasets/kafka/cursors/group_offsets.hpp"
#include "tests/unit/datasets/kafka/kafka_fixture.hpp"

namespace sluice::datasets::kafka {

namespace {

using KafkaFaults = kafka_test;

constexpr std::int16_t produce_request = 0;
constexpr std::int16_t fetch_request = 1;
constexpr std::int16_t offset_commit_request = 8;

std::vector<std::string> numbered(int count)
{
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) out.push_back("e" + std::to_string(i));
    return out;
}

}  // namespace

TEST_F(KafkaFaults, ProduceErrorsThatPassAreRetriedWithoutLossDuplicateOrDisorder)
{
    open();
    rd_kafka_mock_push_request_errors(
        cluster, produce_request, 4, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    settings.produce_timeout = 10s;
    open();
    const auto all = numbered(100);
    std::atomic<int> good{0};
    for (const auto& id : all) {
        std::array records{record(id)};
        std::array parts{append_part{at(), records}};
        log_write what;
        what.appends = parts;
        log->write(what, [&good](auto r) { good += r ? 1 : 0; });
    }
    log->close();
    EXPECT_EQ(good, 100);
    open();
    EXPECT_EQ(ids(), all);
}

TEST_F(KafkaFaults, WithoutBrokersEventsAreRefusedInTimeWithAReasonAndTakenAgainLater)
{
    open();
    ASSERT_TRUE(append("before"));
    set_brokers_down(true);
    const auto begin = std::chrono::steady_clock::now();
    auto refused = append("lost");
    const auto took = std::chrono::steady_clock::now() - begin;
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(log_errc::refusing));
    EXPECT_LT(took, settings.produce_timeout + 2s);
    ASSERT_TRUE(eventually([&] { return log->status().health == log_health::refusing; }));
    EXPECT_TRUE(eventually([&] {
        return log->status().reason.find("no Kafka broker can be reached") != std::string::npos;
    })) << log->status().reason;
    EXPECT_GT(log->status().retry_after, 0ms);
    // while it is known, nobody waits
    const auto second = std::chrono::steady_clock::now();
    EXPECT_FALSE(append("lost, too"));
    EXPECT_LT(std::chrono::steady_clock::now() - second, 500ms);
    set_brokers_down(false);
    ASSERT_TRUE(eventually([&] { return log->status().health == log_health::ok; }));
    ASSERT_TRUE(eventually([&] { return append("after").has_value(); }));
    const auto found = ids();
    EXPECT_EQ(found.front(), "before");
    EXPECT_EQ(found.back(), "after");
    EXPECT_EQ(std::count(found.begin(), found.end(), "lost, too"), 0);
    EXPECT_LE(std::count(found.begin(), found.end(), "lost"), 1);
}

TEST_F(KafkaFaults, AShortOutageIsOverComeByTheProducerAlone)
{
    settings.produce_timeout = 10s;
    open();
    std::atomic<int> good{0};
    const auto send = [&](const std::string& id) {
        std::array records{record(id)};
        std::array parts{append_part{at(), records}};
        log_write what;
        what.appends = parts;
        log->write(what, [&good](auto r) { good += r ? 1 : 0; });
    };
    for (int i = 0; i < 20; ++i) send("a" + std::to_string(i));
    set_brokers_down(true);
    set_brokers_down(false);
    ASSERT_TRUE(eventually([&] { return good == 20; }, 15s));
    EXPECT_EQ(ids().size(), 20u) << "neither lost nor doubled";
}

TEST_F(KafkaFaults, AFatalErrorReplacesTheProducer)
{
    open();
    ASSERT_TRUE(append("a"));
    log->break_producer_for_test();
    ASSERT_TRUE(eventually([&] { return log->stats().producers_renewed.load() == 1; }));
    ASSERT_TRUE(eventually([&] { return append("b").has_value(); }));
    EXPECT_EQ(log->status().health, log_health::ok);
    EXPECT_EQ(ids().front(), "a");
    EXPECT_EQ(ids().back(), "b");
}

TEST_F(KafkaFaults, FetchErrorsAreOvercomeByHeadAndReaders)
{
    open();
    const auto all = numbered(20);
    for (const auto& id : all) ASSERT_TRUE(append(id));
    rd_kafka_mock_push_request_errors(cluster, fetch_request, 3,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_UNKNOWN);
    EXPECT_EQ(ids(), all);
    ASSERT_TRUE(wait_beyond(*log, offset{19}));
    rd_kafka_mock_push_request_errors(cluster, fetch_request, 2,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR__TRANSPORT);
    auto waits = std::async(std::launch::async, [&] { return wait_beyond(*log, offset{20}); });
    ASSERT_TRUE(append("last"));
    EXPECT_TRUE(waits.get());
    EXPECT_TRUE(eventually([&] { return ids(offset{20}) == std::vector<std::string>{"last"}; }));
}

TEST_F(KafkaFaults, ACursorThatCanNotBeStoredIsAnErrorAndTheNextTryCounts)
{
    open();
    ASSERT_TRUE(append("a"));
    rd_kafka_mock_push_request_errors(cluster, offset_commit_request, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    auto refused = commit(*log, {offset{1}, offset{0}, {.delivered = 1}});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("grant this user"), std::string::npos);
    EXPECT_EQ(log->stats().commit_failures.load(), 1u);
    ASSERT_TRUE(commit(*log, {offset{1}, offset{0}, {.delivered = 1}}));
    EXPECT_EQ((*log->load_cursor(cursor_name{"lane/crm"}, at()))->counts.delivered, 1u);
}

TEST_F(KafkaFaults, CursorsAreOnlyStoredAfterTheRecordsOfTheirWrite)
{
    open();
    ASSERT_TRUE(append("a"));
    std::array records{record("dead", std::string(1'200'000, 'x'))};
    std::array parts{append_part{at(), records}};
    std::array cursors{cursor_update{cursor_name{"lane/crm"}, at(), {offset{1}, offset{0}, {}}}};
    log_write what{parts, cursors, {}, true, true};
    EXPECT_FALSE(write(what));
    EXPECT_FALSE(*log->load_cursor(cursor_name{"lane/crm"}, at())) << "its record is not there";
    std::array good{record("dead")};
    std::array good_parts{append_part{at(), good}};
    what.appends = good_parts;
    EXPECT_TRUE(write(what));
    EXPECT_TRUE(*log->load_cursor(cursor_name{"lane/crm"}, at()));
}

TEST_F(KafkaFaults, CursorsGivenUpInAnOutageEndInTimeAndTheNextOnesAreStored)
{
    open();
    ASSERT_TRUE(append("a"));
    set_brokers_down(true);
    // handed over before anybody knows of the outage; another one waits behind it
    std::atomic<int> answered{0};
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t next = 1; next <= 2; ++next) {
        std::array cursors{
            cursor_update{cursor_name{"lane/crm"}, at(), {offset{next}, offset{0}, {}}}};
        log_write what;
        what.cursors = cursors;
        what.is_internal = what.ignores_ownership = true;
        log->write(what, [&answered](const auto&) { ++answered; });
    }
    auto unread = log->load_cursor(cursor_name{"lane/crm"}, at());
    ASSERT_FALSE(unread);
    EXPECT_NE(unread.error().message.find("check that `brokers`"), std::string::npos)
        << unread.error().message;
    ASSERT_TRUE(eventually([&] { return answered != 0; }, 20s));
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(took, group_offsets::answer_wait + 5s);
    set_brokers_down(false);
    ASSERT_TRUE(eventually([&] { return append("b").has_value(); }));
    ASSERT_TRUE(eventually(
        [&] {
            return commit(*log, {offset{2}, offset{0}, {.delivered = 2}}).has_value();
        },
        20s));
    EXPECT_EQ((*log->load_cursor(cursor_name{"lane/crm"}, at()))->counts.delivered, 2u);
    EXPECT_TRUE(eventually([&] { return answered == 2; })) << "each is answered once";
}

TEST_F(KafkaFaults, DocumentsAreRefusedAtOnceWhenTheirTopicIsNotKnown)
{
    log = make_log();
    std::array documents{document_update{"runs", "1", "x"}};
    log_write what;
    what.documents = documents;
    auto refused = write(what);
    ASSERT_FALSE(refused) << "asking the cluster for the topic would hold its thread up";
    EXPECT_EQ(refused.error().code, make_error_code(log_errc::refusing));
    declare();
    EXPECT_TRUE(write(what));
}

TEST_F(KafkaFaults, ASlowClusterIsSlowButCorrect)
{
    open();
    ASSERT_TRUE(append("a"));
    for (int id = 1; id <= brokers; ++id) rd_kafka_mock_broker_set_rtt(cluster, id, 100);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(append("b"));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 90ms);
    EXPECT_EQ(ids(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(KafkaFaults, AFullQueueIsOverloadAndHealsWhenTheClusterConfirms)
{
    settings.queue_bytes_max = 64 * 1024;
    open();
    ASSERT_TRUE(append("a"));
    for (int id = 1; id <= brokers; ++id) rd_kafka_mock_broker_set_rtt(cluster, id, 500);
    std::atomic<int> overloaded{0};
    std::atomic<int> answered{0};
    const std::string content(8'000, 'x');
    for (int i = 0; i < 30; ++i) {
        std::array records{record("b", content)};
        std::array parts{append_part{at(), records}};
        log_write what;
        what.appends = parts;
        log->write(what, [&](auto r) {
            if (!r && r.error().code == make_error_code(log_errc::overloaded)) ++overloaded;
            ++answered;
        });
    }
    EXPECT_GT(overloaded, 0);
    ASSERT_TRUE(eventually([&] { return answered == 30; }));
    EXPECT_LT(overloaded, 30);
    EXPECT_EQ(log->status().health, log_health::ok);
    EXPECT_TRUE(append("c"));
}

TEST_F(KafkaFaults, DatasetsCanNotBeOpenedWithoutACluster)
{
    set_brokers_down(true);
    log = make_log();
    ASSERT_TRUE(log) << "the log itself opens: a spool may stand in front of it";
    dataset_spec spec;
    spec.name = dataset_name{"orders"};
    auto refused = log->open_dataset(spec);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("check that `brokers` can be reached"),
              std::string::npos)
        << refused.error().message;
}

TEST_F(KafkaFaults, AGatewayTakesNoEventsBeforeLanesHaveStoredWhereTheyBegin)
{
    options.waits_for_lanes = true;
    open();
    const auto refused = append("a");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(log_errc::refusing));
    EXPECT_TRUE(commit(*log, {})) << "lanes store their cursors first";
    log->let_spool_flow(true);
    EXPECT_TRUE(append("b"));
    log->let_spool_flow(false);
    EXPECT_TRUE(append("c")) << "a reload never stops ingest";
    EXPECT_EQ(ids(), (std::vector<std::string>{"b", "c"}));
}

TEST_F(KafkaFaults, AnOptionThatUndoesAPromiseOrDoesNotExistIsRefused)
{
    settings.options["acks"] = secret_string("0");
    auto refused = kafka_log::open(settings, options);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("acks"), std::string::npos);
    settings.options.erase("acks");
    settings.options["ssl.key.pem"] = secret_string("top-secret");
    settings.options["linger.ms"] = secret_string("not-a-number");
    refused = kafka_log::open(settings, options);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("linger.ms"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("not-a-number"), std::string::npos)
        << "values may be secrets: " << refused.error().message;
}

}  // namespace sluice::datasets::kafka
