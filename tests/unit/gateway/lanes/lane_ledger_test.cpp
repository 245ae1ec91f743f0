// The ledger counts each event once, whatever its requests, redrives and operators do.

#include "tests/unit/gateway/lanes/lane_fixture.hpp"

namespace sluice::gateway {

namespace {

class LaneLedgerTest : public LaneTest {
protected:
    using script = scripted_destination::script;

    static actions::delivery_outcome rejected() { return answer(outcome_class::reject, 400, "no"); }
    static actions::delivery_outcome down() { return answer(outcome_class::retry, 503, "down"); }
    static actions::delivery_outcome taken() { return answer(outcome_class::delivered, 200, "ok"); }
    /// Of event `e`, the request of the first and of the second rule.
    void told(const std::string& e, script first, script second)
    {
        memory.scripts[make_webhook_id(e, "set/rule")] = std::move(first);
        memory.scripts[make_webhook_id(e, "set/second")] = std::move(second);
    }
    std::uint64_t redrive(const dead_filter& filter = {})
    {
        const auto letters = list_dead_letters(log, settings.name, filter).value();
        return redrive_dead_letters(log, settings.name, letters, clock.now).value();
    }
    std::size_t letters() { return list_dead_letters(log, settings.name, {}).value().size(); }
    void expect_ledger(std::uint64_t delivered, std::uint64_t dead, std::uint64_t expired = 0)
    {
        until([&] { return ledger().pending == 0; });
        EXPECT_EQ(ledger().delivered, delivered);
        EXPECT_EQ(ledger().dead, dead);
        EXPECT_EQ(ledger().expired, expired);
    }
};

TEST_F(LaneLedgerTest, AnEventWithADeadAndAParkedRequestIsDeadOnce)
{
    settings.retry_schedule = {0s, 0s};
    told("both go", {rejected()}, {down(), taken()});
    post({"both go"});
    start();
    until([&] { return memory.bodies.size() == 3 && letters() == 1; });
    expect_ledger(0, 1);
    stop();
}

TEST_F(LaneLedgerTest, ARedriveOfADeadRequestDeliversTheEventThoughAnotherWasParked)
{
    settings.retry_schedule = {0s, 0s};
    told("both go", {rejected(), taken()}, {down(), taken()});
    post({"both go"});
    start();
    until([&] { return memory.bodies.size() == 3 && letters() == 1; });
    EXPECT_EQ(redrive(), 1u);
    expect_ledger(1, 0);
    stop();
}

TEST_F(LaneLedgerTest, TwoDeadLettersOfOneEventCountOnceAlsoWhenTheyDieAgain)
{
    told("both go", {rejected()}, {rejected(), taken()});
    post({"both go"});
    start();
    until([&] { return letters() == 2; });
    expect_ledger(0, 1);
    EXPECT_EQ(redrive(), 2u);
    until([&] { return letters() == 1; });
    expect_ledger(0, 1);
    memory.scripts.clear();
    EXPECT_EQ(redrive(), 1u);
    expect_ledger(1, 0);
    EXPECT_EQ(letters(), 0u);
    stop();
}

TEST_F(LaneLedgerTest, AnEventStaysDeadUntilTheLastOfItsLettersIsRedriven)
{
    told("both go", {rejected(), taken()}, {rejected(), taken()});
    post({"both go"});
    start();
    until([&] { return letters() == 2; });
    dead_filter one;
    one.position = offset{0};
    EXPECT_EQ(redrive(one), 1u);
    until([&] { return memory.bodies.size() == 3; });
    expect_ledger(0, 1);
    one.position = offset{1};
    EXPECT_EQ(redrive(one), 1u);
    expect_ledger(1, 0);
    stop();
}

TEST_F(LaneLedgerTest, ALetterIsRedrivenOnce)
{
    memory.scripts["a go"] = {rejected()};
    post({"a go"});
    start();
    until([&] { return letters() == 1; });
    dead_filter all;
    all.include_handled = true;
    EXPECT_EQ(redrive(), 1u);
    until([&] { return letters() == 1; });
    EXPECT_EQ(redrive(all), 1u) << "the old letter was redriven already, the new one was not";
    until([&] { return letters() == 1; });
    expect_ledger(0, 1);
    stop();
}

TEST_F(LaneLedgerTest, DroppedLettersStayDeadAndAreNotRedriven)
{
    memory.scripts["a go"] = {rejected()};
    post({"a go"});
    start();
    until([&] { return letters() == 1; });
    const auto found = list_dead_letters(log, settings.name, {}).value();
    EXPECT_EQ(drop_dead_letters(log, settings.name, found).value(), 1u);
    dead_filter all;
    all.include_handled = true;
    EXPECT_EQ(redrive(all), 0u);
    expect_ledger(0, 1);
    stop();
}

TEST_F(LaneLedgerTest, WhatWasTrimmedUnreadIsExpiredEvenWhenNothingFollows)
{
    settings.in_flight_max = 1;
    memory.never_answers = true;
    post({"a go", "b go", "c go"});
    start();
    until([&] { return memory.bodies.size() == 1; });
    stop();
    EXPECT_TRUE(log.trim({dataset_name{"web"}, partition_id{0}}, offset{3}, false).has_value());
    cache.clear();  // what is still decoded would be delivered, which is as good
    memory.never_answers = false;
    start();
    expect_ledger(0, 0, 3);
    until([&] { return cursor() && cursor()->next == offset{3}; });
    stop();
}

}  // namespace

}  // namespace sluice::gateway
