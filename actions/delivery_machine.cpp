#include "actions/delivery_machine.hpp"

#include <algorithm>
#include <utility>

namespace sluice::actions {
namespace {
// What a receiver gets that timed out or asked for air without saying for how long.
constexpr std::chrono::milliseconds minute{60'000};
// An attempt that can't get at least this much time is not begun.
constexpr std::chrono::milliseconds attempt_time_min{10};

/// Plain copy of the start of an answer for the dead letter.
constexpr std::size_t kept_answer_bytes = 1024;
}  // namespace

delivery_machine::step delivery_machine::start(steady_time now)
{
    started_ = now;
    return {step_kind::take_slot};
}

delivery_machine::step delivery_machine::resume(event what, steady_time now)
{
    switch (what) {
        case event::slot_taken:
        case event::asked_again:
            return ask_admission(now);
        case event::backed_off:
            return {step_kind::take_slot};
        case event::stopping:
            return finish_stopping(now);
    }
    return finish_stopping(now);
}

delivery_machine::step delivery_machine::refuse(std::string detail, steady_time now)
{
    started_ = now;
    attempt_result refused;
    refused.cause = attempt_cause::bad_request;
    refused.detail = std::move(detail);
    return finish(std::move(refused), outcome_class::reject, now);
}

delivery_machine::step delivery_machine::ask_admission(steady_time now)
{
    const bool first = outcome_.attempts == 0;
    const auto wait = [&](step_kind kind, steady_time until) -> step {
        if (!waiting_since_) waiting_since_ = now;
        return {kind, until};
    };
    const circuit::admission entry = limits_.breaker.try_enter(now);
    if (!entry.allowed) {
        return wait(step_kind::wait_breaker, entry.ask_again.value_or(steady_time::max()));
    }
    if (const auto turn = limits_.rate.try_take(now)) {
        // The probe is handed back, else nobody else could try while this one waits.
        if (entry.probe) limits_.breaker.on_neutral(true);
        return wait(step_kind::wait_turn, *turn);
    }
    probe_ = entry.probe;
    if (waiting_since_ && deadline_) *deadline_ += now - *waiting_since_;
    waiting_since_.reset();
    if (first) {
        deadline_ = now + limits_.retries.budget();
        limits_.budget.on_first_attempt(now);
    }
    const steady_time attempt_end = now + timeout_.value_or(limits_.attempt_timeout);
    // The first attempt has its whole timeout even when the inline budget is shorter.
    return {step_kind::send, first ? attempt_end : std::min(attempt_end, *deadline_)};
}

delivery_machine::step delivery_machine::resume(attempt_result&& attempt, steady_time now)
{
    if (attempt.cause == attempt_cause::stopping) {
        return finish_stopping(now);
    }
    ++outcome_.attempts;
    const verdict row = judge(attempt);
    outcome_class next = limits_.streak.observe(attempt, row);
    if (next == outcome_class::retry && row.reject_after != 0 &&
        ++answers_against_event_ >= row.reject_after) {
        next = outcome_class::reject;
    }
    report_to_breaker(attempt, next, now);
    const bool again = next == outcome_class::retry || next == outcome_class::throttle;
    if (!again) return finish(std::move(attempt), next, now);

    if (attempt.retry_after && next == outcome_class::throttle) {
        limits_.rate.pause_until(now + *attempt.retry_after);
    }
    if (row.wait_a_minute && !attempt.retry_after) {
        attempt.retry_after = std::min(minute, limits_.retry_after_max);
        return finish(std::move(attempt), next, now);
    }
    if (outcome_.attempts >= limits_.retries.attempts_max()) {
        return finish(std::move(attempt), next, now);
    }
    auto delay = limits_.retries.backoff(outcome_.attempts, random_);
    if (attempt.retry_after) delay = std::max(delay, *attempt.retry_after);
    if (now + delay + attempt_time_min > *deadline_ || !limits_.budget.try_retry(now)) {
        return finish(std::move(attempt), next, now);
    }
    return {step_kind::back_off, now + delay};
}

void delivery_machine::report_to_breaker(const attempt_result& attempt, outcome_class next,
                                         steady_time now)
{
    if (counts_as_failure(attempt, next)) {
        limits_.breaker.on_failure(probe_, now);
    } else if (next == outcome_class::setup && attempt.cause != attempt_cause::answered) {
        limits_.breaker.on_neutral(probe_);
    } else {
        const bool was_closed = limits_.breaker.state() == breaker_state::closed;
        limits_.breaker.on_success(probe_, now);
        if (!was_closed && limits_.breaker.state() == breaker_state::closed) {
            limits_.rate.ramp_from(now);
        }
    }
    probe_ = false;
}

delivery_machine::step delivery_machine::finish(attempt_result&& attempt, outcome_class next,
                                                steady_time now)
{
    outcome_.next = next;
    outcome_.status = attempt.status;
    outcome_.reason = reason_text(attempt);
    outcome_.detail = std::move(attempt.detail);
    if (next != outcome_class::delivered) {
        outcome_.response_body = std::move(attempt.body);
        if (outcome_.response_body.size() > kept_answer_bytes) {
            outcome_.response_body.resize(kept_answer_bytes);
        }
        outcome_.retry_after = attempt.retry_after;
    }
    outcome_.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(now - started_);
    return {step_kind::done};
}

delivery_machine::step delivery_machine::finish_stopping(steady_time now)
{
    if (probe_) limits_.breaker.on_neutral(true);
    probe_ = false;
    attempt_result cut;
    cut.cause = attempt_cause::stopping;
    cut.detail =
        "the gateway is shutting down; the event stays pending and is sent after the restart";
    return finish(std::move(cut), outcome_class::retry, now);
}

}  // namespace sluice::actions
