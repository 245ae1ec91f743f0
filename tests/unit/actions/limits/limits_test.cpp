#include <gtest/gtest.h>

#include <array>

#include "actions/limits/circuit.hpp"
#include "actions/limits/retry_policy.hpp"
#include "actions/limits/throttle.hpp"

namespace sluice::actions {
namespace {

using namespace std::chrono_literals;

const steady_time start = steady_time{} + 1h;

struct counting_random final : random_source {
    std::uint64_t state = 1;
    std::uint64_t next() override
    {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return state >> 16;
    }
};

TEST(RetryPolicy, SpreadsTheBackoffEvenlyOverItsWindow)
{
    const retry_policy policy(config::retry_settings{});
    counting_random random;
    std::array<int, 10> tenths{};
    for (int i = 0; i < 1000; ++i) {
        const auto wait = policy.backoff(3, random);  // window [0, 800 ms]
        ASSERT_GE(wait, 0ms);
        ASSERT_LE(wait, 800ms);
        ++tenths[static_cast<std::size_t>(std::min<std::int64_t>(9, wait.count() / 80))];
    }
    for (int count : tenths) EXPECT_LT(count, 200);
}

TEST(RetryPolicy, NeverWaitsLongerThanItsMaximum)
{
    const retry_policy policy(config::retry_settings{});
    counting_random random;
    for (std::uint32_t attempt : {1U, 7U, 40U, 4'000'000'000U}) {
        EXPECT_LE(policy.backoff(attempt, random), 10'000ms);
    }
}

TEST(RetryAfter, ReadsSecondsAndEveryDateForm)
{
    const wall_time now =
        std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 27s;
    constexpr auto max = std::chrono::milliseconds(24h);
    EXPECT_EQ(parse_retry_after("120", now, max), 120s);
    EXPECT_EQ(parse_retry_after(" 7 ", now, max), 7s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now, max), 10s);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now, max), 10s);
    EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now, max), 10s);
}

TEST(RetryAfter, IsCutToTheMaximum)
{
    const wall_time now{};
    EXPECT_EQ(parse_retry_after("3600", now, 60'000ms), 60s);
    EXPECT_EQ(parse_retry_after("Fri, 31 Dec 2100 00:00:00 GMT", now, 60'000ms), 60s);
}

TEST(RetryAfter, IgnoresWhatIsPastOrNotPlainlyATime)
{
    const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
    for (const char* text :
         {"", " ", "0", "-5", "+5", "1.5", "5s", "0x10", "99999999999",
          "99999999999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT",
          "Sun, 32 Dec 2099 00:00:00 GMT", "Sun, 06 Nov 2099", "Sun, 06 Nov 2099 25:00:00 GMT",
          "Sun, 06 Nov 2099 08:49:37 CET", "soon", ",", "Sun,"}) {
        EXPECT_FALSE(parse_retry_after(text, now, std::chrono::milliseconds(24h))) << text;
    }
}

TEST(Throttle, KeepsItsRateOverAMinute)
{
    throttle rate(50.0);
    steady_time now = start;
    int passed = 0;
    while (now < start + 60s) {
        if (const auto again = rate.try_take(now)) {
            now = *again;
        } else {
            ++passed;
        }
    }
    EXPECT_NEAR(passed, 3000, 60);
}

TEST(Throttle, LetsEverybodyPassWithoutARateUntilItIsPaused)
{
    throttle rate(std::nullopt);
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(rate.try_take(start));
    rate.pause_until(start + 5s);
    rate.pause_until(start + 2s);
    EXPECT_EQ(rate.try_take(start + 4s), start + 5s);
    EXPECT_FALSE(rate.try_take(start + 5s));
}

TEST(Throttle, DoesNotSaveUpABurstWhileNobodyAsks)
{
    throttle rate(10.0);
    EXPECT_FALSE(rate.try_take(start));
    EXPECT_FALSE(rate.try_take(start + 1h));
    EXPECT_TRUE(rate.try_take(start + 1h));
}

TEST(Throttle, RampsUpFromATenthAfterAnOutage)
{
    throttle rate(100.0);
    (void)rate.try_take(start);
    rate.ramp_from(start);
    const auto passed_in_second = [&](steady_time from) {
        int passed = 0;
        for (steady_time now = from; now < from + 1s;) {
            if (const auto again = rate.try_take(now)) {
                now = *again;
            } else {
                ++passed;
            }
        }
        return passed;
    };
    EXPECT_LT(passed_in_second(start), 20);
    EXPECT_NEAR(passed_in_second(start + 15s), 57, 8);
    EXPECT_NEAR(passed_in_second(start + 31s), 100, 3);
}

config::circuit_settings three_in_row()
{
    config::circuit_settings settings;
    settings.failures_to_open = 3;
    settings.open_for = 5s;
    settings.open_for_max = 12s;
    return settings;
}

circuit opened(steady_time at)
{
    circuit breaker(three_in_row());
    for (int i = 0; i < 3; ++i) breaker.on_failure(false, at);
    return breaker;
}

TEST(Circuit, OpensAfterSoManyFailuresInARow)
{
    circuit breaker(three_in_row());
    breaker.on_failure(false, start);
    breaker.on_failure(false, start);
    breaker.on_success(false, start);
    breaker.on_failure(false, start);
    breaker.on_failure(false, start);
    EXPECT_EQ(breaker.state(), breaker_state::closed);
    breaker.on_failure(false, start);
    EXPECT_EQ(breaker.state(), breaker_state::open);
    EXPECT_EQ(breaker.times_opened(), 1U);
}

TEST(Circuit, OpensWhenHalfOfTwentyAttemptsInAMinuteFailed)
{
    circuit breaker(three_in_row());
    for (int i = 0; i < 10; ++i) {
        ASSERT_EQ(breaker.state(), breaker_state::closed) << i;
        breaker.on_success(false, start + i * 1s);
        breaker.on_failure(false, start + i * 1s);
    }
    EXPECT_EQ(breaker.state(), breaker_state::open);
}

TEST(Circuit, ForgetsFailuresOlderThanAMinute)
{
    circuit breaker(three_in_row());
    for (int i = 0; i < 40; ++i) {
        breaker.on_success(false, start + i * 5s);
        breaker.on_failure(false, start + i * 5s);
        if (i % 9 == 8) {
            for (int good = 0; good < 12; ++good) breaker.on_success(false, start + i * 5s);
        }
    }
    EXPECT_EQ(breaker.state(), breaker_state::closed);
}

TEST(Circuit, LetsNobodyPassWhileOpenAndOneProbeAfterwards)
{
    circuit breaker = opened(start);
    EXPECT_EQ(breaker.try_enter(start + 4s).ask_again, start + 5s);
    const auto probe = breaker.try_enter(start + 5s);
    EXPECT_TRUE(probe.allowed);
    EXPECT_TRUE(probe.probe);
    const auto second = breaker.try_enter(start + 5s);
    EXPECT_FALSE(second.allowed);
    EXPECT_FALSE(second.ask_again);
}

TEST(Circuit, ClosesAfterTwoGoodProbes)
{
    circuit breaker = opened(start);
    (void)breaker.try_enter(start + 5s);
    breaker.on_success(true, start + 5s);
    EXPECT_EQ(breaker.state(), breaker_state::half_open);
    ASSERT_TRUE(breaker.try_enter(start + 5s).allowed);
    breaker.on_success(true, start + 5s);
    EXPECT_EQ(breaker.state(), breaker_state::closed);
    EXPECT_FALSE(breaker.try_enter(start + 5s).probe);
}

TEST(Circuit, StaysOpenTwiceAsLongAfterEachBadProbe)
{
    circuit breaker = opened(start);
    steady_time now = start + 5s;
    for (const auto wait : {10s, 12s, 12s}) {
        ASSERT_TRUE(breaker.try_enter(now).allowed);
        breaker.on_failure(true, now);
        EXPECT_EQ(breaker.try_enter(now).ask_again, now + wait);
        now += wait;
    }
}

TEST(Circuit, IgnoresLateAnswersFromBeforeItOpened)
{
    circuit breaker = opened(start);
    breaker.on_success(false, start + 1s);
    breaker.on_failure(false, start + 1s);
    EXPECT_EQ(breaker.state(), breaker_state::open);
    EXPECT_EQ(breaker.try_enter(start + 1s).ask_again, start + 5s);
}

}  // namespace
}  // namespace sluice::actions
