#include "tests/unit/datasets/kafka/kafka_fixture.hpp"

namespace sluice::datasets::kafka {

namespace {

using KafkaLog = kafka_test;

}  // namespace

TEST_F(KafkaLog, GivesBackEveryFieldAndEveryByteOfAnEvent)
{
    open();
    std::string content = R"({"n":1e400,"m":12345678901234567890123,"s":"\u0000é"})";
    content += "\n\t ";
    auto sent = record("id-1", content);
    sent.key = "customer/7";
    sent.type = "purchase";
    sent.datastream = "web";
    sent.source = "segment";
    sent.extra = R"({"due":"x"})";
    auto plain = record("id-2");
    auto empty_key = record("id-3");
    empty_key.key = "";
    std::array records{sent, plain, empty_key};
    std::array parts{append_part{at(), records}};
    log_write what;
    what.appends = parts;
    auto written = write(what);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->bases[0].value(), 0u);
    auto batch = read(offset{0});
    ASSERT_TRUE(batch && *batch);
    ASSERT_EQ((*batch)->size(), 3u);
    const auto& r = (*batch)->at(0);
    EXPECT_EQ(r.content, content);
    EXPECT_EQ(r.id, "id-1");
    EXPECT_EQ(r.key, "customer/7");
    EXPECT_EQ(r.type, "purchase");
    EXPECT_EQ(r.datastream, "web");
    EXPECT_EQ(r.source, "segment");
    EXPECT_EQ(r.extra, R"({"due":"x"})");
    EXPECT_EQ(r.received_at, sent.received_at);
    EXPECT_EQ((*batch)->at(1).key, std::nullopt);
    EXPECT_EQ((*batch)->at(1).extra, "");
    EXPECT_EQ((*batch)->at(2).key, "");
}

TEST_F(KafkaLog, ReceiptsTellTheOffsetsOfTheirParts)
{
    open();
    create_topic("sluice.wide", 3);
    declare("wide", 3);
    for (std::uint64_t i = 0; i < 5; ++i) {
        auto where = append("a" + std::to_string(i), "{}", at(1, "wide"));
        ASSERT_TRUE(where) << where.error().message;
        EXPECT_EQ(where->value(), i);
    }
    std::array first{record("x"), record("y")};
    std::array second{record("z")};
    std::array parts{append_part{at(1, "wide"), first}, append_part{at(2, "wide"), second}};
    log_write what;
    what.appends = parts;
    auto written = write(what);
    ASSERT_TRUE(written);
    EXPECT_EQ(written->bases[0].value(), 5u);
    EXPECT_EQ(written->bases[1].value(), 0u);
    EXPECT_EQ(log->extent(at(1, "wide"))->end.value(), 7u);
    EXPECT_EQ(ids({}, at(0, "wide")), std::vector<std::string>{});
    EXPECT_EQ(ids(offset{5}, at(1, "wide")), (std::vector<std::string>{"x", "y"}));
}

TEST_F(KafkaLog, AWaitIsOverWhenARecordCanBeReadAndTheHeadComesFromTheCache)
{
    open();
    ASSERT_TRUE(append("a"));
    ASSERT_TRUE(wait_beyond(*log, offset{0}));
    // from here on the head is followed
    auto future = std::async(std::launch::async, [&] { return wait_beyond(*log, offset{1}); });
    ASSERT_TRUE(append("b"));
    ASSERT_TRUE(future.get());
    const auto hits = log->stats().cache_hits.load();
    EXPECT_EQ(ids(offset{1}), std::vector<std::string>{"b"});
    EXPECT_EQ(log->stats().cache_hits.load(), hits + 2) << "the record and the nothing after it";
    EXPECT_FALSE(wait_beyond(*log, offset{2}, at(), 100ms));
}

TEST_F(KafkaLog, ReadersAtManyPlacesAllGetEverythingInOrder)
{
    open();
    std::vector<std::string> all;
    for (int i = 0; i < 300; ++i) all.push_back("e" + std::to_string(i));
    for (const auto& id : all) ASSERT_TRUE(append(id));
    std::vector<std::future<std::vector<std::string>>> found;
    for (std::uint64_t from : {0u, 7u, 50u, 150u, 299u, 300u}) {
        found.push_back(std::async(std::launch::async, [this, from] { return ids(offset{from}); }));
    }
    std::size_t i = 0;
    for (long from : {0, 7, 50, 150, 299, 300}) {
        EXPECT_EQ(found[i++].get(), std::vector<std::string>(all.begin() + from, all.end()));
    }
}

TEST_F(KafkaLog, AskingTwiceAtTheEndIsAnsweredBothTimes)
{
    open();
    ASSERT_TRUE(append("a"));
    for (int i = 0; i < 3; ++i) {
        auto batch = read(offset{1});
        ASSERT_TRUE(batch) << batch.error().message;
        EXPECT_FALSE(*batch);
    }
    ASSERT_TRUE(append("b"));
    EXPECT_TRUE(eventually([&] { return ids(offset{1}) == std::vector<std::string>{"b"}; }));
}

/// An export reads partitions that another gateway owns: it looks at their ends, then reads.
TEST_F(KafkaLog, WhoKnowsThatThereIsMoreWaitsForItWhereTheEndWasBefore)
{
    open();
    options.is_tool = true;  // not told by the head
    const auto looking = make_log();
    auto nothing = read(*looking, offset{0});
    ASSERT_TRUE(nothing);
    ASSERT_FALSE(*nothing);
    ASSERT_TRUE(append("a"));
    for (std::int32_t broker = 1; broker <= brokers; ++broker) {
        rd_kafka_mock_broker_set_rtt(cluster, broker, 300);
    }
    ASSERT_EQ(looking->extent(at())->end.value(), 1u);
    const auto found = read(*looking, offset{0});
    ASSERT_TRUE(found);
    EXPECT_TRUE(*found) << "slow is not absent";
}

TEST_F(KafkaLog, CursorsKeepPositionStartAndCountsAcrossALife)
{
    open();
    EXPECT_FALSE(*log->load_cursor(cursor_name{"lane/crm"}, at()));
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(append("a"));
    const cursor_state state{offset{9}, offset{2}, {1, 2, 3, 4, 5}};
    auto stored = commit(*log, state);
    ASSERT_TRUE(stored) << stored.error().message;
    open();
    auto found = log->load_cursor(cursor_name{"lane/crm"}, at());
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->next, state.next);
    EXPECT_EQ((*found)->start, state.start);
    EXPECT_EQ((*found)->counts, state.counts);
    log->set_readers(dataset_name{"orders"}, {cursor_name{"lane/crm"}});
    auto all = log->list_cursors();
    ASSERT_TRUE(all) << all.error().message;
    ASSERT_EQ(all->size(), 1u);
    EXPECT_EQ((*all)[0].name.value(), "lane/crm");
    EXPECT_EQ((*all)[0].at, at());
    EXPECT_EQ((*all)[0].state.next, state.next);
}

TEST_F(KafkaLog, StoringCursorsAgainChangesNothing)
{
    open();
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(append("a"));
    ASSERT_TRUE(eventually([&] { return owns(*log, 1); }));
    const cursor_state state{offset{9}, offset{2}, {1, 2, 3, 4, 5}};
    ASSERT_TRUE(commit(*log, state));
    const auto commits = log->stats().commits.load();
    log->recommit_now();
    ASSERT_TRUE(eventually([&] { return log->stats().commits.load() == commits + 1; }));
    auto found = log->load_cursor(cursor_name{"lane/crm"}, at());
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->next, state.next);
    EXPECT_EQ((*found)->counts, state.counts);
}

TEST_F(KafkaLog, ACursorBeyondTheTopicsEndBeginsAtTheOldestRecord)
{
    open();
    ASSERT_TRUE(append("a"));
    ASSERT_TRUE(commit(*log, {offset{500}, offset{0}, {.delivered = 500}}));
    auto found = log->load_cursor(cursor_name{"lane/crm"}, at());
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->next.value(), 0u);
    EXPECT_EQ((*found)->counts, ledger_counts{});
}

TEST_F(KafkaLog, DocumentsOfOneGatewayAreSeenByAnotherAtOnce)
{
    open();
    auto second = make_log();
    declare(*second);
    const auto put = [&](kafka_log& to, const std::string& key, std::optional<std::string> value) {
        std::array documents{document_update{"runs", key, std::move(value)}};
        log_write what;
        what.documents = documents;
        auto written = write(to, what);
        ASSERT_TRUE(written) << written.error().message;
    };
    using list = std::vector<std::pair<std::string, std::string>>;
    for (int i = 0; i < 5; ++i) {
        const auto value = std::to_string(i);
        put(i % 2 ? *log : *second, "1", value);
        EXPECT_EQ(*(i % 2 ? *second : *log).list_documents("runs"), (list{{"1", value}}));
    }
    put(*log, "2", "");
    put(*second, "1", std::nullopt);
    EXPECT_EQ(*log->list_documents("runs"), (list{{"2", ""}}));
    EXPECT_EQ(*log->list_documents("run"), list{});
    auto third = make_log();
    EXPECT_EQ(*third->list_documents("runs"), (list{{"2", ""}})) << "read from the beginning";
}

TEST_F(KafkaLog, RecordsOfOthersCanBeReadAndHaveTheSameIdEachTime)
{
    open();
    produce_as_others("sluice.orders", std::nullopt, R"({"a":1})");
    produce_as_others("sluice.orders", "k", std::nullopt);
    ASSERT_TRUE(append("ours"));
    EXPECT_EQ(ids(), (std::vector<std::string>{"sluice.orders-0-0", "sluice.orders-0-1", "ours"}));
    auto batch = read(offset{0});
    ASSERT_TRUE(batch && *batch);
    EXPECT_EQ((*batch)->at(0).content, R"({"a":1})");
    EXPECT_EQ((*batch)->at(0).source, "kafka");
    const auto age = std::chrono::system_clock::now() - (*batch)->at(0).received_at;
    EXPECT_LT(age, 1min);
    auto rest = read(offset{1});
    ASSERT_TRUE(rest && *rest);
    const auto& tombstone = (*rest)->at(1 - (*rest)->base().value());
    EXPECT_EQ(tombstone.content, "null");
    EXPECT_EQ(tombstone.key, "k");
}

TEST_F(KafkaLog, WhatTheClusterHasTrimmedIsPassedOver)
{
    open();
    // the cluster in memory keeps 5 MB of a partition
    const std::string large(800'000, 'x');
    std::string content;
    for (std::size_t i = 0; content.size() < large.size(); ++i) {
        content += std::to_string(i * 2'654'435'761u % 1'000'003);  // hardly compressible
    }
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(append("e" + std::to_string(i), content));
    auto batch = read(offset{0});
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_TRUE(*batch);
    EXPECT_GT((*batch)->base().value(), 0u);
    EXPECT_EQ(log->extent(at())->begin, (*batch)->base());
    EXPECT_EQ(ids().back(), "e29");
}

TEST_F(KafkaLog, ARecordThatIsTooLargeIsRefusedWithTheRemedyAndNothingElseSuffers)
{
    open();
    auto refused = append("a", std::string(1'200'000, 'x'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(log_errc::too_large));
    EXPECT_NE(refused.error().message.find("message.max.bytes"), std::string::npos);
    EXPECT_EQ(log->status().health, log_health::ok);
    EXPECT_TRUE(append("b"));
}

/// As a reload does it; a run under ThreadSanitizer tells whether somebody is disturbed.
TEST_F(KafkaLog, OpeningADatasetAgainDisturbsNobodyWhoUsesIt)
{
    open();
    log->set_readers(dataset_name{"orders"}, {cursor_name{"lane/crm"}});
    std::atomic<bool> is_over{false};
    const auto again_and_again = [&is_over](auto what) {
        return std::async(std::launch::async, [&is_over, what] {
            while (!is_over) what();
        });
    };
    std::array users{again_and_again([this] { EXPECT_TRUE(append("a")); }),
                     again_and_again([this] { EXPECT_TRUE(read(offset{0})); }),
                     again_and_again([this] { wait_beyond(*log, offset{0}); }),
                     again_and_again([this] { EXPECT_EQ(log->list_datasets().size(), 1u); }),
                     again_and_again([this] { log->maintain_now(); })};
    dataset_spec spec;
    spec.name = dataset_name{"orders"};
    spec.partitions = 1;
    for (spec.bytes_max = 1ull << 30; *spec.bytes_max < (1ull << 30) + 20; ++*spec.bytes_max) {
        EXPECT_TRUE(log->open_dataset(spec));
    }
    is_over = true;
    for (auto& user : users) user.get();
}

TEST_F(KafkaLog, UnknownDatasetsAndPartitionsAreRefused)
{
    open();
    EXPECT_EQ(append("a", "{}", at(0, "nowhere")).error().code,
              make_error_code(log_errc::unknown_dataset));
    EXPECT_EQ(append("a", "{}", at(7)).error().code, make_error_code(log_errc::unknown_partition));
    EXPECT_TRUE(ids().empty());
}

TEST_F(KafkaLog, ClosingFinishesWhatWasQueuedAndRefusesWhatComesLater)
{
    open();
    std::atomic<int> good{0};
    std::array records{record("a")};
    std::array parts{append_part{at(), records}};
    log_write what;
    what.appends = parts;
    for (int i = 0; i < 200; ++i) log->write(what, [&good](auto r) { good += r ? 1 : 0; });
    log->close();
    EXPECT_EQ(good, 200);
    EXPECT_EQ(write(what).error().code, make_error_code(log_errc::closed));
    open();
    EXPECT_EQ(ids().size(), 200u);
}

TEST_F(KafkaLog, AReadOnlyLogFindsTheDatasetsJoinsNoGroupAndWritesNothing)
{
    open();
    ASSERT_TRUE(append("a"));
    options.is_read_only = true;
    auto tool = make_log();
    ASSERT_TRUE(tool);
    const auto specs = tool->list_datasets();
    ASSERT_EQ(specs.size(), 1u);
    EXPECT_EQ(specs[0].name.value(), "orders");
    EXPECT_TRUE(owns(*tool, 1));
    EXPECT_EQ(tool->extent(at())->end.value(), 1u);
    ASSERT_TRUE(append("b"));
    EXPECT_EQ(tool->extent(at())->end.value(), 2u);
    EXPECT_EQ(ids(*tool), (std::vector<std::string>{"a", "b"}));
    std::array records{record("a")};
    std::array parts{append_part{at(), records}};
    log_write what;
    what.appends = parts;
    EXPECT_FALSE(write(*tool, what));
}

}  // namespace sluice::datasets::kafka
