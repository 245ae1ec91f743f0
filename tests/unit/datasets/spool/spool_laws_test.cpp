#include "tests/unit/datasets/spool/spool_fixture.hpp"

namespace sluice::datasets {

namespace {

using names = std::vector<std::string>;

TEST_F(SpoolingLog, SpoolsEverythingUntilLanesHaveStoredWhereTheyBegin)
{
    start(false);
    EXPECT_TRUE(post(0, "a"));
    EXPECT_TRUE(post(0, "b"));
    std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(ids(cluster).empty()) << "a lane that begins now would begin behind them";
    EXPECT_EQ(log->status().health, log_health::ok);
    EXPECT_NE(log->status().reason.find("lanes"), std::string::npos) << log->status().reason;
    log->let_spool_flow(true);
    EXPECT_TRUE(post(0, "c"));
    until([&] { return ids(cluster) == names{"a", "b", "c"}; });
}

TEST_F(SpoolingLog, ForwardsNothingWhileLanesAreReplaced)
{
    start();
    EXPECT_TRUE(post(0, "a"));
    log->let_spool_flow(false);
    EXPECT_TRUE(post(0, "b"));
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(ids(cluster), names{"a"});
    EXPECT_EQ(log->oldest_spooled(), now);
    log->let_spool_flow(true);
    until([&] { return ids(cluster) == names{"a", "b"}; });
}

TEST_F(SpoolingLog, TellsWhenTheOldestEventWasReceivedThatNoLaneCanReadYet)
{
    start(false);
    EXPECT_EQ(log->oldest_spooled(), std::nullopt);
    now += 1s;
    EXPECT_TRUE(post(1, "later"));
    now -= 1s;
    EXPECT_TRUE(post(0, "earlier"));
    start(false);
    EXPECT_EQ(log->oldest_spooled(), now) << "an earlier life has accepted it";
    log->let_spool_flow(true);
    until([&] { return log->spooled_events() == 0; });
    EXPECT_EQ(log->oldest_spooled(), std::nullopt);
}

TEST_F(SpoolingLog, ForwardsWhatACrashLeftBeforeWhatComes)
{
    cluster_goes();
    start();
    EXPECT_TRUE(post(0, "a"));
    EXPECT_TRUE(post(0, "b"));
    start();
    cluster_returns();
    EXPECT_TRUE(post(0, "c"));
    until([&] { return ids(cluster) == names{"a", "b", "c"}; });
}

TEST_F(SpoolingLog, ACrashInTheMiddleOfForwardingRepeatsOneGroupAtMost)
{
    settings.group_events_max = 10;
    start(false);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(post(0, "e" + std::to_string(i)));
    // the cluster has the first group, and the answer finds nobody
    cluster.hold_answers();
    log->let_spool_flow(true);
    until([&] { return ids(cluster).size() == 10; });
    auto crash = std::async(std::launch::async, [&] { log->close(); });
    std::this_thread::sleep_for(20ms);
    disk.fail_writes(make_error_code(log_errc::io));
    cluster.release();
    crash.get();
    disk.fail_writes({});
    EXPECT_EQ(ids(cluster).size(), 10u);

    start();
    until([&] { return log->spooled_events() == 0; });
    const auto all = ids(cluster);
    EXPECT_EQ(all.size(), 110u);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], all[10u + i]);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(all[10u + i], "e" + std::to_string(i));
}

TEST_F(SpoolingLog, AnEventThatTheClusterNeverTakesGoesIntoTheFileAndTheOthersGoOn)
{
    start(false);
    names expected;
    for (int i = 0; i < 30; ++i) {
        const auto name = "e" + std::to_string(i);
        EXPECT_TRUE(post(0, name));
        expected.push_back(name);
        if (i != 17) continue;
        EXPECT_TRUE(post(0, "{\"much\":\n\"" + std::string(100, 'x') + "\"}"));
    }
    cluster.limit_writes(50, 1'000);
    log->let_spool_flow(true);
    until([&] { return log->spooled_events() == 0; });
    EXPECT_EQ(ids(cluster), expected);
    const auto lines = refused_lines();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_NE(lines[0].find("\"event\":{\"much\": \"xxx"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("\"dataset\":\"web\",\"partition\":0"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("an event is too large"), std::string::npos) << lines[0];
    EXPECT_EQ(figure("spool_refused"), 1u);
    EXPECT_EQ(figure("spool_forwarded"), 30u);
    EXPECT_EQ(figure("spool_taken"), 31u);
}

TEST_F(SpoolingLog, AnEventThatCanNotBePutAsideEitherIsKept)
{
    settings.refused_file = testing::TempDir() + "no such folder/refused.ndjson";
    start(false);
    EXPECT_TRUE(post(0, std::string(100, 'x')));
    cluster.limit_writes(50, 1'000);
    log->let_spool_flow(true);
    until([&] { return log->status().reason.find("refused.ndjson") != std::string::npos; });
    EXPECT_EQ(log->spooled_events(), 1u);
    cluster.limit_writes(1'000, 1'000);
    until([&] { return log->spooled_events() == 0; });
    EXPECT_EQ(ids(cluster).size(), 1u);
}

TEST_F(SpoolingLog, ForwardsInSmallerGroupsWhenTheClusterTakesNoMoreAtOnce)
{
    start(false);
    names expected;
    for (int i = 0; i < 200; ++i) {
        expected.push_back("e" + std::to_string(i));
        EXPECT_TRUE(post(0, expected.back()));
    }
    cluster.limit_writes(1'000, 3);
    log->let_spool_flow(true);
    until([&] { return log->spooled_events() == 0; });
    EXPECT_EQ(ids(cluster), expected);
}

TEST_F(SpoolingLog, AFullSpoolRefusesUntilTheClusterHasSomeOfIt)
{
    settings.bytes_max = 20;
    start(false);
    EXPECT_TRUE(post(0, "0123456789"));
    EXPECT_TRUE(post(1, "0123456789"));
    EXPECT_FALSE(post(0, "one more"));
    EXPECT_EQ(log->status().health, log_health::refusing);
    EXPECT_NE(log->status().reason.find("bytes_max"), std::string::npos) << log->status().reason;
    EXPECT_EQ(log->counts().refused.at("spool"), 1u);
    log->let_spool_flow(true);
    until([&] { return log->status().health == log_health::ok; });
    until([&] { return post(0, "taken again"); });
}

TEST_F(SpoolingLog, TurnedOffItForwardsWhatIsLeftAndTakesNoMore)
{
    cluster_goes();
    start();
    EXPECT_TRUE(post(0, "left"));
    settings.takes_events = false;
    start();
    EXPECT_FALSE(post(0, "behind it"));
    EXPECT_FALSE(post(1, "elsewhere"));
    EXPECT_EQ(log->status().health, log_health::refusing);
    cluster_returns();
    until([&] { return log->spooled_events() == 0; });
    EXPECT_TRUE(post(0, "direct"));
    until([&] { return ids(cluster) == names{"left", "direct"}; });
}

TEST_F(SpoolingLog, FiguresTellHowMuchWaitsAndForHowLong)
{
    settings.clock = nullptr;
    start(false);
    EXPECT_TRUE(post(0, "four"));
    EXPECT_TRUE(post(1, "four"));
    EXPECT_EQ(figure("spool_events"), 2u);
    EXPECT_EQ(figure("spool_bytes"), 8u);
    EXPECT_GT(figure("spool_oldest_seconds"), 1'000u) << "the fixture's clock stands in the past";
    log->let_spool_flow(true);
    until([&] { return log->spooled_events() == 0; });
    EXPECT_EQ(figure("spool_events"), 0u);
    EXPECT_EQ(figure("spool_bytes"), 0u);
    EXPECT_EQ(figure("spool_oldest_seconds"), 0u);
    EXPECT_EQ(figure("spool_forwarded"), 2u);
}

TEST(RateMeter, TellsTheMeanOfTheLastFullSeconds)
{
    rate_meter meter;
    const std::chrono::steady_clock::time_point start{1'000s};
    EXPECT_EQ(meter.per_second(start), 0u);
    for (int second = 0; second < 5; ++second) meter.count(100, start + second * 1s);
    EXPECT_EQ(meter.per_second(start + 5s), 100u);
    EXPECT_EQ(meter.per_second(start + 7s), 60u);
    EXPECT_EQ(meter.per_second(start + 60s), 0u);
}

}  // namespace

}  // namespace sluice::datasets
