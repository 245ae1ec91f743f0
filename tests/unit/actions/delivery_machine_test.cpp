#include "actions/delivery_machine.hpp"

#include <gtest/gtest.h>

namespace sluice::actions {
namespace {

using namespace std::chrono_literals;
using step_kind = delivery_machine::step_kind;
using event = delivery_machine::event;

/// Always the same bits: full jitter then takes a known part of its window.
struct fixed_random final : random_source {
    std::uint64_t value = 0;
    std::uint64_t next() override { return value; }
};

struct DeliveryMachine : ::testing::Test {
    config::destination_settings settings;
    fixed_random random;
    steady_time now = steady_time{} + 1h;

    delivery_limits limits()
    {
        return {retry_policy(settings.retry),
                circuit(settings.circuit),
                throttle(settings.requests_per_second),
                {},
                {},
                settings.timeout,
                settings.retry.retry_after_max};
    }
    static attempt_result status(int code) { return {attempt_cause::answered, code, {}, {}, {}}; }
    static attempt_result cause(attempt_cause what) { return {what, 0, {}, {}, {}}; }
};

TEST_F(DeliveryMachine, DeliversInOneAttempt)
{
    auto shared = limits();
    delivery_machine machine(shared, random);
    EXPECT_EQ(machine.start(now).kind, step_kind::take_slot);
    const auto send = machine.resume(event::slot_taken, now);
    EXPECT_EQ(send.kind, step_kind::send);
    EXPECT_EQ(send.until, now + settings.timeout);
    EXPECT_EQ(machine.resume(status(200), now + 5ms).kind, step_kind::done);
    const auto outcome = machine.take_outcome();
    EXPECT_EQ(outcome.next, outcome_class::delivered);
    EXPECT_EQ(outcome.attempts, 1U);
    EXPECT_EQ(outcome.elapsed, 5ms);
}

TEST_F(DeliveryMachine, BacksOffBetweenAttemptsAndGivesUpAfterTheLast)
{
    auto shared = limits();
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    random.value = 200;  // the end of the first window
    for (int attempt = 1; attempt <= 2; ++attempt) {
        ASSERT_EQ(machine.resume(event::slot_taken, now).kind, step_kind::send);
        const auto wait = machine.resume(status(500), now);
        ASSERT_EQ(wait.kind, step_kind::back_off) << attempt;
        EXPECT_EQ(wait.until, now + 200ms);
        now = wait.until;
        EXPECT_EQ(machine.resume(event::backed_off, now).kind, step_kind::take_slot);
    }
    ASSERT_EQ(machine.resume(event::slot_taken, now).kind, step_kind::send);
    EXPECT_EQ(machine.resume(status(500), now).kind, step_kind::done);
    const auto outcome = machine.take_outcome();
    EXPECT_EQ(outcome.next, outcome_class::retry);
    EXPECT_EQ(outcome.reason, "http_500");
    EXPECT_EQ(outcome.attempts, 3U);
}

TEST_F(DeliveryMachine, GivesUpWhenTheBudgetWouldPass)
{
    settings.retry.inline_budget = 1s;
    auto shared = limits();
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    (void)machine.resume(event::slot_taken, now);
    EXPECT_EQ(machine.resume(status(500), now + 995ms).kind, step_kind::done);
}

TEST_F(DeliveryMachine, CutsTheLastAttemptAtTheBudget)
{
    settings.retry.inline_budget = 1s;
    auto shared = limits();
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    (void)machine.resume(event::slot_taken, now);
    ASSERT_EQ(machine.resume(status(500), now + 100ms).kind, step_kind::back_off);
    (void)machine.resume(event::backed_off, now + 100ms);
    EXPECT_EQ(machine.resume(event::slot_taken, now + 100ms).until, now + 1s);
}

TEST_F(DeliveryMachine, WaitsAtLeastAMinuteAfterATimeoutAndAfter429)
{
    for (const auto& attempt : {cause(attempt_cause::timeout), status(429)}) {
        auto shared = limits();
        delivery_machine machine(shared, random);
        (void)machine.start(now);
        (void)machine.resume(event::slot_taken, now);
        auto copy = attempt;
        EXPECT_EQ(machine.resume(std::move(copy), now).kind, step_kind::done);
        EXPECT_EQ(machine.take_outcome().retry_after, 60s);
    }
}

TEST_F(DeliveryMachine, WaitsInlineForAShortRetryAfterAndHoldsTheOthersBack)
{
    auto shared = limits();
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    (void)machine.resume(event::slot_taken, now);
    auto busy = status(503);
    busy.retry_after = 2s;
    const auto wait = machine.resume(std::move(busy), now);
    ASSERT_EQ(wait.kind, step_kind::back_off);
    EXPECT_EQ(wait.until, now + 2s);

    delivery_machine other(shared, random);
    (void)other.start(now);
    const auto turn = other.resume(event::slot_taken, now + 1s);
    EXPECT_EQ(turn.kind, step_kind::wait_turn);
    EXPECT_EQ(turn.until, now + 2s);
    EXPECT_EQ(other.resume(event::asked_again, now + 2s).kind, step_kind::send);
}

TEST_F(DeliveryMachine, HandsALongRetryAfterToTheLane)
{
    auto shared = limits();
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    (void)machine.resume(event::slot_taken, now);
    auto busy = status(503);
    busy.retry_after = 600s;
    EXPECT_EQ(machine.resume(std::move(busy), now).kind, step_kind::done);
    const auto outcome = machine.take_outcome();
    EXPECT_EQ(outcome.next, outcome_class::throttle);
    EXPECT_EQ(outcome.retry_after, 600s);
}

TEST_F(DeliveryMachine, RejectsAfterTheThirdConflict)
{
    settings.retry.inline_attempts_max = 10;
    auto shared = limits();
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    for (int i = 0; i < 2; ++i) {
        (void)machine.resume(event::slot_taken, now);
        ASSERT_EQ(machine.resume(status(409), now).kind, step_kind::back_off);
        (void)machine.resume(event::backed_off, now);
    }
    (void)machine.resume(event::slot_taken, now);
    EXPECT_EQ(machine.resume(status(409), now).kind, step_kind::done);
    EXPECT_EQ(machine.take_outcome().next, outcome_class::reject);
}

TEST_F(DeliveryMachine, WaitsForTheBreakerWithoutCountingAnAttemptOrSpendingTheBudget)
{
    settings.circuit.failures_to_open = 1;
    settings.circuit.open_for = 60s;
    settings.retry.inline_budget = 10s;
    auto shared = limits();
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    (void)machine.resume(event::slot_taken, now);
    ASSERT_EQ(machine.resume(status(500), now).kind, step_kind::back_off);
    (void)machine.resume(event::backed_off, now);
    const auto wait = machine.resume(event::slot_taken, now);
    ASSERT_EQ(wait.kind, step_kind::wait_breaker);
    EXPECT_EQ(wait.until, now + 60s);
    const auto send = machine.resume(event::asked_again, now + 60s);
    ASSERT_EQ(send.kind, step_kind::send);
    EXPECT_EQ(send.until, now + 70s);
    EXPECT_EQ(machine.resume(status(200), now + 61s).kind, step_kind::done);
    EXPECT_EQ(machine.take_outcome().attempts, 2U);
}

TEST_F(DeliveryMachine, ANewEventWaitsForTheBreakerHoweverLong)
{
    settings.circuit.failures_to_open = 1;
    auto shared = limits();
    shared.breaker.on_failure(false, now);
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    auto step = machine.resume(event::slot_taken, now);
    EXPECT_EQ(step.kind, step_kind::wait_breaker);
    EXPECT_EQ(machine.resume(event::asked_again, now + 1s).kind, step_kind::wait_breaker);
    EXPECT_EQ(machine.resume(event::asked_again, now + 5s).kind, step_kind::send);
}

TEST_F(DeliveryMachine, StoppingLeavesTheEventPending)
{
    auto shared = limits();
    delivery_machine machine(shared, random);
    (void)machine.start(now);
    EXPECT_EQ(machine.resume(event::stopping, now).kind, step_kind::done);
    const auto outcome = machine.take_outcome();
    EXPECT_EQ(outcome.next, outcome_class::retry);
    EXPECT_EQ(outcome.reason, "stopping");
    EXPECT_EQ(outcome.attempts, 0U);
}

TEST_F(DeliveryMachine, AProbeThatIsCutByShutdownDoesNotBlockTheNextOne)
{
    settings.circuit.failures_to_open = 1;
    auto shared = limits();
    shared.breaker.on_failure(false, now);
    now += 5s;
    delivery_machine probe(shared, random);
    (void)probe.start(now);
    ASSERT_EQ(probe.resume(event::slot_taken, now).kind, step_kind::send);
    (void)probe.resume(cause(attempt_cause::stopping), now);
    delivery_machine next(shared, random);
    (void)next.start(now);
    EXPECT_EQ(next.resume(event::slot_taken, now).kind, step_kind::send);
}

TEST_F(DeliveryMachine, RetriesAreAFractionOfTheTraffic)
{
    auto shared = limits();
    int retried = 0;
    for (int i = 0; i < 1000; ++i) {
        shared.breaker = circuit(settings.circuit);
        delivery_machine machine(shared, random);
        (void)machine.start(now);
        (void)machine.resume(event::slot_taken, now);
        if (machine.resume(status(500), now).kind == step_kind::back_off) ++retried;
    }
    // The saved-up hundred and a fifth of a thousand.
    EXPECT_NEAR(retried, 300, 2);
}

TEST_F(DeliveryMachine, SetupAndDisableAndRejectEndAtOnce)
{
    for (const auto& [code, expected] :
         {std::pair{401, outcome_class::setup}, std::pair{410, outcome_class::disable},
          std::pair{422, outcome_class::reject}}) {
        auto shared = limits();
        delivery_machine machine(shared, random);
        (void)machine.start(now);
        (void)machine.resume(event::slot_taken, now);
        EXPECT_EQ(machine.resume(status(code), now).kind, step_kind::done);
        EXPECT_EQ(machine.take_outcome().next, expected);
    }
}

}  // namespace
}  // namespace sluice::actions
