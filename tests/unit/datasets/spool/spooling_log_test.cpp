#include <atomic>

#include "tests/unit/datasets/spool/spool_fixture.hpp"

namespace sluice::datasets {

namespace {

TEST_F(SpoolingLog, WritesToTheClusterAsLongAsItAnswers)
{
    start();
    EXPECT_TRUE(post(0, "a"));
    EXPECT_EQ(ids(cluster, 0), std::vector<std::string>{"a"});
    EXPECT_TRUE(ids(disk, 0).empty());
    EXPECT_EQ(log->status().health, log_health::ok);
}

TEST_F(SpoolingLog, AcknowledgesFromTheLocalDiskAndForwardsInOrderWhenTheClusterIsBack)
{
    start();
    EXPECT_TRUE(post(0, "a"));
    cluster_goes();
    EXPECT_TRUE(post(0, "b"));
    EXPECT_TRUE(post(1, "x"));
    EXPECT_TRUE(post(0, "c"));
    EXPECT_EQ(log->spooled_events(), 3u);
    EXPECT_EQ(log->status().health, log_health::ok) << "events are still taken";
    EXPECT_NE(log->status().reason.find("3 events wait"), std::string::npos)
        << log->status().reason;
    cluster_returns();
    until([&] { return log->spooled_events() == 0; });
    EXPECT_EQ(ids(cluster, 0), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(ids(cluster, 1), std::vector<std::string>{"x"});
    until([&] { return log->status().reason.empty(); });
}

TEST_F(SpoolingLog, KeepsContentKeyAndReceiveTimeByteForByte)
{
    start();
    cluster_goes();
    const new_record record{.id = "i",
                            .key = "key",
                            .type = "t",
                            .datastream = "d",
                            .source = "native",
                            .received_at = wall_time{1'700'000'000'123ms},
                            .content = "{\"n\": 1.50 , \"big\":123456789012345678901234567890}",
                            .extra = "{\"x\":1}"};
    const append_part part{{dataset_name{"web"}, partition_id{0}}, {&record, 1}};
    std::promise<bool> done;
    log->write({.appends = {&part, 1}, .cursors = {}, .documents = {}},
               [&](const auto& r) { done.set_value(r.has_value()); });
    ASSERT_TRUE(done.get_future().get());
    cluster_returns();
    until([&] { return cluster.records("web", 0).size() == 1; });
    const auto kept = cluster.records("web", 0)[0];
    EXPECT_EQ(kept.content, record.content);
    EXPECT_EQ(kept.key, "key");
    EXPECT_EQ(kept.received_at, record.received_at);
    EXPECT_EQ(kept.extra, record.extra);
    EXPECT_EQ(kept.datastream, "d");
}

TEST_F(SpoolingLog, NewEventsQueueBehindTheSpoolUntilItIsEmpty)
{
    start();
    cluster_goes();
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(post(0, "s" + std::to_string(i)));
    cluster_returns();
    std::vector<std::string> expected;
    for (int i = 0; i < 200; ++i) expected.push_back("s" + std::to_string(i));
    for (int i = 0; i < 500; ++i) {
        EXPECT_TRUE(post(0, "n" + std::to_string(i)));
        expected.push_back("n" + std::to_string(i));
    }
    until([&] { return log->spooled_events() == 0 && ids(cluster, 0).size() == 700; });
    EXPECT_EQ(ids(cluster, 0), expected);
}

TEST_F(SpoolingLog, ReachesTheEndUnderLoadFromManySides)
{
    start();
    cluster_goes();
    EXPECT_TRUE(post(0, "first"));
    std::atomic<bool> stop{false};
    std::vector<std::thread> posters;
    std::atomic<int> acked{1};
    for (int t = 0; t < 4; ++t) {
        posters.emplace_back([&, t] {
            for (int i = 0; !stop; ++i) {
                if (post(0, "t" + std::to_string(t) + "." + std::to_string(i))) ++acked;
            }
        });
    }
    std::this_thread::sleep_for(20ms);
    cluster_returns();
    until([&] { return log->spooled_events() == 0 && log->status().reason.empty(); });
    stop = true;
    for (auto& p : posters) p.join();
    until([&] { return ids(cluster, 0).size() == static_cast<std::size_t>(acked.load()); });
    // each poster waits for its answer, so its own events must stand in its order
    std::map<char, int> next;
    for (const auto& id : ids(cluster, 0)) {
        if (id[0] != 't') continue;
        EXPECT_EQ(std::stoi(id.substr(3)), next[id[1]]++) << id;
    }
}

TEST_F(SpoolingLog, TheClusterMayGoAgainWhileTheSpoolIsBeingEmptied)
{
    start();
    cluster_goes();
    EXPECT_TRUE(post(0, "a"));
    cluster_returns();
    cluster_goes();
    EXPECT_TRUE(post(0, "b"));
    EXPECT_TRUE(post(0, "c"));
    cluster_returns();
    until([&] { return log->spooled_events() == 0; });
    EXPECT_TRUE(post(0, "d"));
    until([&] { return ids(cluster, 0).size() == 4; });
    EXPECT_EQ(ids(cluster, 0), (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(SpoolingLog, CursorsAndDocumentsNeverSpool)
{
    start();
    cluster_goes();
    const cursor_update cursor{cursor_name{"lane/x"}, {dataset_name{"web"}, partition_id{0}}, {}};
    std::promise<bool> done;
    log->write({.appends = {}, .cursors = {&cursor, 1}, .documents = {}, .is_internal = true},
               [&](const auto& r) { done.set_value(r.has_value()); });
    EXPECT_FALSE(done.get_future().get());
}

TEST_F(SpoolingLog, SaysSoWhenTheSpoolIsFullToo)
{
    start();
    cluster_goes();
    disk.fail_writes(make_error_code(log_errc::refusing));
    EXPECT_FALSE(post(0, "a"));
    EXPECT_EQ(log->status().health, log_health::refusing);
    EXPECT_NE(log->status().reason.find("the spool takes none"), std::string::npos);
}

}  // namespace

}  // namespace sluice::datasets
