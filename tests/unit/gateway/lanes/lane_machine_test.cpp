#include "gateway/lanes/lane_machine.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {

namespace {

using actions::outcome_class;
using namespace std::chrono_literals;

const steady_time start{};

actions::delivery_outcome outcome(outcome_class c, int status = 0, std::string reason = {})
{
    actions::delivery_outcome o;
    o.next = c;
    o.status = status;
    o.reason = std::move(reason);
    o.detail = "the receiver said so";
    return o;
}

TEST(LaneMachine, ParksRetriesAndBuriesRejections)
{
    lane_machine m;
    EXPECT_EQ(m.on_outcome(1, outcome(outcome_class::delivered, 200), start), unit_step::delivered);
    EXPECT_EQ(m.on_outcome(2, outcome(outcome_class::retry, 503), start), unit_step::park);
    EXPECT_EQ(m.on_outcome(3, outcome(outcome_class::throttle, 429), start), unit_step::park);
    EXPECT_EQ(m.on_outcome(4, outcome(outcome_class::reject, 400), start), unit_step::bury);
    EXPECT_EQ(m.state(), lane_state::running);
}

TEST(LaneMachine, PausesAtOnceWhenTheDestinationItselfIsSetUpWrongly)
{
    lane_machine m;
    EXPECT_EQ(m.on_outcome(1, outcome(outcome_class::setup, 0, "tls"), start), unit_step::hold);
    EXPECT_EQ(m.state(), lane_state::paused);
    EXPECT_FALSE(m.may_try(1, start + 1s));
    EXPECT_FALSE(m.may_try(2, start + 1s));
    EXPECT_FALSE(m.reason().empty());
}

TEST(LaneMachine, PausesForAStatusOnlyAfterThreeDifferentEventsInARow)
{
    lane_machine m;
    EXPECT_EQ(m.on_outcome(1, outcome(outcome_class::setup, 403), start), unit_step::hold);
    EXPECT_EQ(m.on_outcome(2, outcome(outcome_class::setup, 403), start), unit_step::hold);
    EXPECT_EQ(m.state(), lane_state::running);
    EXPECT_EQ(m.on_outcome(3, outcome(outcome_class::setup, 403), start), unit_step::hold);
    EXPECT_EQ(m.state(), lane_state::paused);
}

TEST(LaneMachine, BuriesTheOneEventThatStillMeetsTheStatusAfterOthersWereDelivered)
{
    lane_machine m;
    EXPECT_EQ(m.on_outcome(1, outcome(outcome_class::setup, 403), start), unit_step::hold);
    EXPECT_FALSE(m.may_try(1, start + 1s));
    EXPECT_EQ(m.on_outcome(2, outcome(outcome_class::delivered, 200), start), unit_step::delivered);
    EXPECT_TRUE(m.may_try(1, start + 1s));
    EXPECT_EQ(m.on_outcome(1, outcome(outcome_class::setup, 403), start), unit_step::bury);
    EXPECT_EQ(m.state(), lane_state::running);
}

TEST(LaneMachine, ProbesAPausedDestinationWithOneEventAtATime)
{
    lane_machine m({.events_to_pause = 1, .probe_interval = 300s});
    (void)m.on_outcome(1, outcome(outcome_class::setup, 401), start);
    ASSERT_EQ(m.state(), lane_state::paused);
    const auto later = m.next_probe();
    EXPECT_EQ(later, start + 300s);
    EXPECT_TRUE(m.may_try(2, later));
    EXPECT_FALSE(m.may_try(1, later)) << "a probe is under way";
    (void)m.on_outcome(2, outcome(outcome_class::setup, 401), later);
    EXPECT_FALSE(m.may_try(1, later + 299s));
    EXPECT_TRUE(m.may_try(1, later + 300s));
    (void)m.on_outcome(1, outcome(outcome_class::delivered, 200), later + 300s);
    EXPECT_EQ(m.state(), lane_state::running);
    EXPECT_TRUE(m.may_try(2, later + 300s));
}

TEST(LaneMachine, StaysDisabledUntilAnOperatorEnablesIt)
{
    lane_machine m;
    EXPECT_EQ(m.on_outcome(1, outcome(outcome_class::disable, 410), start), unit_step::hold);
    EXPECT_EQ(m.state(), lane_state::disabled);
    EXPECT_FALSE(m.may_try(1, start + 24h));
    m.enable();
    EXPECT_TRUE(m.may_try(1, start + 24h));
    EXPECT_TRUE(m.reason().empty());
}

TEST(LaneMachine, HoldsWhatWasInterruptedByAStop)
{
    lane_machine m;
    EXPECT_EQ(m.on_outcome(1, outcome(outcome_class::retry, 0, "stopping"), start),
              unit_step::hold);
}

}  // namespace

}  // namespace sluice::gateway
