#include "actions/response_outcome.hpp"

#include <gtest/gtest.h>

#include "actions/limits/setup_streak.hpp"

namespace sluice::actions {
namespace {

struct status_case {
    int status;
    outcome_class expected;
};

TEST(OutcomeTable, JudgesEveryStatusByItsRow)
{
    using enum outcome_class;
    constexpr status_case cases[] = {
        {200, delivered}, {201, delivered}, {202, delivered}, {204, delivered}, {205, delivered},
        {226, delivered}, {299, delivered}, {101, setup},     {300, setup},     {301, setup},
        {302, setup},     {303, setup},     {304, setup},     {305, setup},     {306, setup},
        {307, setup},     {308, setup},     {399, setup},     {400, reject},    {401, setup},
        {402, setup},     {403, setup},     {404, setup},     {405, setup},     {406, setup},
        {407, setup},     {408, retry},     {409, retry},     {410, disable},   {411, setup},
        {412, reject},    {413, reject},    {414, reject},    {415, setup},     {416, reject},
        {417, retry},     {418, reject},    {421, retry},     {422, reject},    {423, retry},
        {424, retry},     {425, retry},     {426, setup},     {428, reject},    {429, throttle},
        {431, reject},    {451, setup},     {499, reject},    {500, retry},     {501, setup},
        {502, throttle},  {503, throttle},  {504, throttle},  {505, setup},     {507, retry},
        {508, retry},     {511, setup},     {599, retry},     {600, retry},     {999, retry},
        {0, retry},       {99, retry},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(judge_status(each.status).next, each.expected) << each.status;
    }
}

TEST(OutcomeTable, EveryStatusHasARow)
{
    for (int status = 100; status < 600; ++status) {
        const verdict row = judge_status(status);
        if (status != 101 && status < 200) continue;
        EXPECT_EQ(row.setup_after, 0) << status;
    }
    EXPECT_EQ(judge_status(777).setup_after, 10);
}

TEST(OutcomeTable, JudgesWhatHappenedWithoutAStatus)
{
    using enum outcome_class;
    struct row {
        attempt_cause cause;
        outcome_class expected;
        int setup_after;
        const char* reason;
    };
    constexpr row rows[] = {
        {attempt_cause::interim_flood, retry, 0, "interim_flood"},
        {attempt_cause::malformed_answer, retry, 10, "malformed_answer"},
        {attempt_cause::unknown_host, retry, 3, "unknown_host"},
        {attempt_cause::resolver_failed, retry, 0, "resolver"},
        {attempt_cause::guard_refused, setup, 0, "guard"},
        {attempt_cause::connect_refused, retry, 0, "connect_refused"},
        {attempt_cause::connect_failed, retry, 0, "connect_failed"},
        {attempt_cause::tls_untrusted, setup, 0, "tls"},
        {attempt_cause::tls_failed, retry, 10, "tls_handshake"},
        {attempt_cause::reset_sending, retry, 0, "reset_sending"},
        {attempt_cause::reset_waiting, retry, 0, "reset_waiting"},
        {attempt_cause::timeout, retry, 0, "timeout"},
        {attempt_cause::bad_request, reject, 0, "bad_request"},
        {attempt_cause::stopping, retry, 0, "stopping"},
    };
    for (const row& each : rows) {
        attempt_result attempt;
        attempt.cause = each.cause;
        EXPECT_EQ(judge(attempt).next, each.expected) << each.reason;
        EXPECT_EQ(judge(attempt).setup_after, each.setup_after) << each.reason;
        EXPECT_EQ(reason_text(attempt), each.reason);
    }
}

TEST(OutcomeTable, ASuccessBeforeTheRequestWasSentIsNone)
{
    attempt_result attempt{attempt_cause::early_answer, 200, {}, {}, {}};
    EXPECT_EQ(judge(attempt).next, outcome_class::retry);
    attempt.status = 413;
    EXPECT_EQ(judge(attempt).next, outcome_class::reject);
}

TEST(OutcomeTable, OnlyRetryAndThrottleSpeakAgainstTheDestination)
{
    const attempt_result server_error{attempt_cause::answered, 500, {}, {}, {}};
    EXPECT_TRUE(counts_as_failure(server_error, outcome_class::retry));
    const attempt_result unfit{attempt_cause::answered, 422, {}, {}, {}};
    EXPECT_FALSE(counts_as_failure(unfit, outcome_class::reject));
    const attempt_result duplicate{attempt_cause::answered, 409, {}, {}, {}};
    EXPECT_FALSE(counts_as_failure(duplicate, outcome_class::retry));
}

TEST(SetupStreak, TurnsIntoSetupAfterSoManyInARow)
{
    setup_streak streak;
    const attempt_result unknown{attempt_cause::unknown_host, 0, {}, {}, {}};
    EXPECT_EQ(streak.observe(unknown, judge(unknown)), outcome_class::retry);
    EXPECT_EQ(streak.observe(unknown, judge(unknown)), outcome_class::retry);
    EXPECT_EQ(streak.observe(unknown, judge(unknown)), outcome_class::setup);
    EXPECT_EQ(streak.observe(unknown, judge(unknown)), outcome_class::setup);
}

TEST(SetupStreak, StartsAgainAfterAnythingElse)
{
    setup_streak streak;
    const attempt_result unknown{attempt_cause::unknown_host, 0, {}, {}, {}};
    const attempt_result fine{attempt_cause::answered, 200, {}, {}, {}};
    for (int i = 0; i < 2; ++i) (void)streak.observe(unknown, judge(unknown));
    (void)streak.observe(fine, judge(fine));
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(streak.observe(unknown, judge(unknown)), outcome_class::retry);
    }
}

}  // namespace
}  // namespace sluice::actions
