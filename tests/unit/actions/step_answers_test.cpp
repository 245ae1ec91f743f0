// Requests of steps: what counts as delivered, what is kept of the answer.

#include "tests/unit/actions/delivery_fixture.hpp"

namespace sluice::actions {
namespace {

using test::http_imposter;
using test::imposter_step;
using StepAnswers = delivery_fixture;

TEST_F(StepAnswers, AStepSaysItselfWhichAnswersItAccepts)
{
    struct row {
        int status;
        bool is_event_path;
        outcome_class next;
    };
    const rules::status_range accept[] = {{200, 204}, {404, 404}};
    const row rows[] = {
        {200, false, outcome_class::delivered}, {404, true, outcome_class::delivered},
        {205, false, outcome_class::reject},    {400, false, outcome_class::reject},
        {503, false, outcome_class::throttle},  {403, true, outcome_class::setup},
    };
    http_imposter peer;
    make(settings_for(peer));
    for (const auto& [status, is_event_path, next] : rows) {
        peer.script({imposter_step{.status = status, .headers = {{"X-Id", "7"}}, .body = "{}"}});
        received_answer answer;
        const step_options step{
            .accept = accept, .is_event_path = is_event_path, .answer = &answer};
        auto what = request();
        what.step = &step;
        const auto outcome = deliver(what);
        EXPECT_EQ(outcome.next, next) << status;
        EXPECT_EQ(outcome.reason, "http_" + std::to_string(status));
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.body, "{}");
        EXPECT_EQ(answer.headers.at(0), (std::pair<std::string, std::string>{"x-id", "7"}));
    }
}

TEST_F(StepAnswers, A404RejectsTheStepWhosePathTheEventMade)
{
    http_imposter peer;
    make(settings_for(peer));
    const rules::status_range accept[] = {{200, 299}};
    for (const bool is_event_path : {true, false}) {
        peer.script({imposter_step{.status = 404}});
        received_answer answer;
        const step_options step{
            .accept = accept, .is_event_path = is_event_path, .answer = &answer};
        auto what = request();
        what.step = &step;
        EXPECT_EQ(deliver(what).next, is_event_path ? outcome_class::reject : outcome_class::setup);
    }
}

TEST_F(StepAnswers, AStepHasItsOwnTimeoutAndKeepsSoMuchOfTheAnswer)
{
    http_imposter peer;
    make(settings_for(peer));
    const rules::status_range accept[] = {{200, 299}};
    received_answer answer;
    const step_options step{
        .timeout = 50ms, .accept = accept, .response_bytes_max = 10'000, .answer = &answer};
    auto what = request();
    what.step = &step;
    peer.script({imposter_step{.body = std::string(20'000, 'x')}, imposter_step{.hold = true}});
    EXPECT_EQ(deliver(what).next, outcome_class::delivered);
    EXPECT_EQ(answer.body.size(), 10'000U);
    const auto outcome = deliver(what);
    EXPECT_EQ(outcome.reason, "timeout");
    EXPECT_LT(outcome.elapsed, 4s) << "the destination's own timeout is 5 s";
    EXPECT_EQ(answer.status, 0) << "nothing of the answer before";
    peer.release();
}

}  // namespace
}  // namespace sluice::actions
