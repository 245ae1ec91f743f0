#include "gateway/lanes/lane.hpp"

#include "datasets/log_error.hpp"
#include "tests/unit/gateway/lanes/lane_fixture.hpp"

namespace sluice::gateway {

namespace {

TEST_F(LaneTest, DeliversWhatARuleWantsAndFiltersTheRest)
{
    post({"a go", "b no", "c go"});
    start();
    until([&] { return ledger().pending == 0; });
    EXPECT_EQ(memory.bodies, (std::vector<std::string>{"a go", "c go"}));
    EXPECT_EQ(ledger().delivered, 2u);
    EXPECT_EQ(ledger().filtered, 1u);
    stop();
    ASSERT_TRUE(cursor());
    EXPECT_EQ(cursor()->next, offset{3});
}

TEST_F(LaneTest, WakesUpForEventsThatArriveLater)
{
    start();
    context.run_for(5ms);
    post({"a go"});
    until([&] { return memory.bodies.size() == 1; });
    stop();
}

TEST_F(LaneTest, GoesOnAfterARestartWhereTheCursorStands)
{
    post({"a go", "b go"});
    start();
    until([&] { return ledger().delivered == 2; });
    stop();
    post({"c go"});
    start();
    until([&] { return ledger().delivered == 3; });
    EXPECT_EQ(memory.bodies, (std::vector<std::string>{"a go", "b go", "c go"}));
    stop();
}

TEST_F(LaneTest, DeliversAgainWithTheSameIdWhatDidNotFinishBeforeAStop)
{
    memory.never_answers = true;
    post({"a go"});
    start();
    until([&] { return memory.bodies.size() == 1; });
    stop();
    EXPECT_TRUE(!cursor() || cursor()->next == offset{0});
    memory.never_answers = false;
    start();
    until([&] { return ledger().delivered == 1; });
    ASSERT_EQ(memory.ids.size(), 2u);
    EXPECT_EQ(memory.ids[0], memory.ids[1]);
    stop();
}

TEST_F(LaneTest, BuriesARejectedEventWithItsReasonAndGoesOn)
{
    memory.scripts["a go"] = {answer(outcome_class::reject, 400, "http_400")};
    post({"a go", "b go"});
    start();
    until([&] { return dead() == 1 && ledger().pending == 0; });
    const auto letter = log.records("_dead.crm")[0];
    EXPECT_EQ(letter.content, "a go");
    const auto parked = parse_extra(letter.extra).value();
    EXPECT_EQ(parked.reason, "http_400");
    EXPECT_EQ(parked.rules, std::vector<std::string>{"set/rule"});
    EXPECT_EQ(parked.origin_offset, offset{0});
    EXPECT_EQ(ledger().dead, 1u);
    EXPECT_EQ(ledger().delivered, 1u);
    stop();
}

TEST_F(LaneTest, BuriesAnEventThatCannotBeMapped)
{
    post({"unmappable go"});
    start();
    until([&] { return dead() == 1; });
    EXPECT_EQ(parse_extra(log.records("_dead.crm")[0].extra).value().reason, "mapping");
    EXPECT_TRUE(memory.bodies.empty());
    stop();
}

TEST_F(LaneTest, ParksAFailedEventAndDeliversItWhenItIsDue)
{
    memory.scripts["a go"] = {answer(outcome_class::retry, 503, "http_503"),
                              answer(outcome_class::delivered, 200, "ok")};
    post({"a go", "b go"});
    start();
    until([&] { return log.records("_retry.crm", 0).size() == 1 && ledger().delivered == 1; });
    EXPECT_EQ(ledger().pending, 1u) << "a parked event is pending";
    context.run_for(20ms);
    EXPECT_EQ(memory.bodies.size(), 2u) << "not before it is due";
    clock.now += 31s;
    tested->enable();
    stop();  // a restart finds it due at once
    start();
    until([&] { return ledger().delivered == 2; });
    EXPECT_EQ(ledger().pending, 0u);
    EXPECT_EQ(memory.ids.front(), memory.ids.back()) << "the same id at each attempt";
    stop();
}

TEST_F(LaneTest, BuriesAnEventWhenItsScheduleIsUsedUp)
{
    settings.retry_schedule = {0s, 0s};
    memory.scripts["a go"] = {answer(outcome_class::retry, 503, "http_503")};
    post({"a go"});
    start();
    until([&] { return dead() == 1; });
    EXPECT_EQ(memory.bodies.size(), 3u);
    const auto parked = parse_extra(log.records("_dead.crm")[0].extra).value();
    EXPECT_EQ(parked.attempts, 3u);
    EXPECT_EQ(parked.reason, "http_503");
    until([&] { return ledger().pending == 0; });
    EXPECT_EQ(ledger().dead, 1u);
    stop();
}

TEST_F(LaneTest, KeepsEventsPendingWhileTheDestinationIsSetUpWrongly)
{
    memory.scripts["a go"] = {answer(outcome_class::setup, 0, "tls"),
                              answer(outcome_class::delivered, 200, "ok")};
    post({"a go", "b go"});
    start();
    until([&] { return tested->snapshot({}).state == lane_state::paused; });
    EXPECT_EQ(dead(), 0u);
    tested->enable();
    until([&] { return ledger().delivered == 2; });
    stop();
}

TEST_F(LaneTest, KeepsTheOrderOfAKeyWhileOtherKeysGoOn)
{
    settings.ordered = true;
    settings.retry_schedule = {50ms, 50ms};
    memory.scripts["a1 go"] = {answer(outcome_class::retry, 503, "http_503"),
                               answer(outcome_class::delivered, 200, "ok")};
    post({"a1 go", "a2 go", "b1 go"});
    start();
    until([&] { return ledger().delivered == 3; });
    EXPECT_EQ(memory.bodies, (std::vector<std::string>{"a1 go", "b1 go", "a1 go", "a2 go"}));
    stop();
}

TEST_F(LaneTest, NeverHasMoreInFlightThanItsWindow)
{
    settings.in_flight_max = 4;
    memory.never_answers = true;
    std::vector<std::string> many;
    for (int i = 0; i < 50; ++i) many.push_back(fmt::format("{} go", i));
    post(many);
    start();
    until([&] { return memory.bodies.size() == 4; });
    context.run_for(10ms);
    EXPECT_EQ(memory.bodies.size(), 4u);
    stop();
}

TEST_F(LaneTest, StoresItsCursorAsSoonAsTheLogTakesItAgain)
{
    post({"a go"});
    log.fail_writes(make_error_code(datasets::log_errc::refusing));
    start();
    until([&] { return tested->snapshot({}).stats.commit_failures > 0; });
    log.fail_writes({});
    until([&] { return cursor() && cursor()->next == offset{1}; });
    stop();
}

TEST_F(LaneTest, BalancesItsLedgerAtEveryMoment)
{
    memory.scripts["1 go"] = {answer(outcome_class::reject, 400, "http_400")};
    memory.scripts["2 go"] = {answer(outcome_class::retry, 503, "http_503")};
    std::vector<std::string> many;
    for (int i = 0; i < 100; ++i) many.push_back(fmt::format("{} {}", i, i % 3 == 0 ? "no" : "go"));
    post(many);
    start();
    until([&] {
        const auto l = ledger();
        EXPECT_EQ(l.accepted, l.delivered + l.filtered + l.dead + l.expired + l.pending);
        return l.pending == 1;
    });
    EXPECT_EQ(ledger().filtered, 34u);
    EXPECT_EQ(ledger().dead, 1u);
    EXPECT_EQ(ledger().delivered, 64u);
    stop();
}

}  // namespace

}  // namespace sluice::gateway
