// The part of lane_delivery that sends a rule's steps one after another: each decided and rendered
// with the results of those before it. What has been answered is kept with a retry or a dead
// letter, so that it goes on at the failed step.

#include <spdlog/spdlog.h>

#include "gateway/lanes/lane_delivery.hpp"
#include "rules/steps/step_program.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
using actions::delivery_outcome;

namespace {

/// A slot table and a few values.
constexpr std::size_t arena_bytes = 2048;

rules::step_answer to_answer(const delivery_outcome& outcome, actions::received_answer&& answer,
                             std::uint32_t attempts)
{
    return {.status = answer.status,
            .reason = outcome.reason,
            .headers = std::move(answer.headers),
            .text = std::move(answer.body),
            .attempts = attempts,
            .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(outcome.elapsed)};
}

}  // namespace

/// True when the rule is done with, one way or another; false when the lane stops first and all of
/// it is to be repeated.
asio::awaitable<bool> lane_delivery::run_steps(const rules::dataset_program& program,
                                               const rules::decided_event& decided,
                                               rules::rule_index rule)
{
    const auto& outcome = program.outcomes()[rule];
    rules::step_results results;
    for (const auto& [step, result] : origin_.results) results.restore(step, result);
    // a step that left the configuration: what has no result yet is still owed
    const auto at = std::find_if(outcome.steps.begin(), outcome.steps.end(),
                                 [&](const auto& step) { return step.name == origin_.step; });
    const auto first = at == outcome.steps.end() ? 0 : at - outcome.steps.begin();
    for (auto i = static_cast<std::size_t>(first); i < outcome.steps.size(); ++i) {
        const auto& step = outcome.steps[i];
        if (results.has(step.name)) continue;
        auto end = step_end::lane_stops;
        if (!lane_.is_ending(source_)) end = co_await run_step(program, decided, rule, i, results);
        if (end == step_end::failed) co_return true;
        if (end == step_end::lane_stops) co_return leave_steps(step, outcome.rule, results);
    }
    count_latency();
    co_return true;
}

asio::awaitable<lane_delivery::step_end> lane_delivery::run_step(
    const rules::dataset_program& program, const rules::decided_event& decided,
    rules::rule_index rule, std::size_t number, rules::step_results& results)
{
    const auto& outcome_rule = program.outcomes()[rule];
    const auto& step = outcome_rule.steps[number];
    const auto& steps = *program.steps();
    auto& counts = lane_.stats_.steps[step.name];
    auto& scratch = lane_.scratch_for(program);
    rules::event_arena arena(arena_bytes);
    const auto json = results.to_json();
    const auto seen = steps.with_results(decided, json, arena, scratch);
    if (!steps.runs(rule, number, input_, seen, scratch)) {
        ++counts.skipped;
        co_return step_end::done;
    }
    rules::rendered_request rendered;
    if (const auto broken = steps.render(rule, number, input_, seen, scratch, rendered)) {
        delivery_outcome outcome;
        outcome.next = actions::outcome_class::reject;
        outcome.reason = "mapping";
        outcome.detail = fmt::format("step {}: {}: {}", step.name, broken->path, broken->message);
        auto kept = to_answer(outcome, {}, 0);
        co_return fail_step(step, outcome_rule.rule, unit_step::bury, std::move(outcome),
                            std::move(kept), results);
    }
    unit_step what = unit_step::hold;
    actions::received_answer answer;
    auto outcome = co_await send_step(step, rendered, outcome_rule.rule, answer, what);
    if (!outcome) co_return step_end::lane_stops;
    auto kept = to_answer(*outcome, std::move(answer), origin_.step_attempts + outcome->attempts);
    if (what != unit_step::delivered) {
        outcome->detail = fmt::format("step {}: {}", step.name, outcome->detail);
        co_return fail_step(step, outcome_rule.rule, what, std::move(*outcome), std::move(kept),
                            results);
    }
    ++counts.sent;
    ++lane_.stats_.requests_delivered;
    results.add(step.name, kept);
    origin_.rounds = 0;  // the next step has the whole schedule before it
    origin_.step_attempts = 0;
    co_return step_end::done;
}

asio::awaitable<std::optional<delivery_outcome>> lane_delivery::send_step(
    const rules::rule_step& step, const rules::rendered_request& rendered, const std::string& rule,
    actions::received_answer& answer, unit_step& what)
{
    const auto id = make_webhook_id(record_.id, rule + "/" + step.name);
    const actions::step_options options{.target = step.target,
                                        .timeout = step.timeout,
                                        .accept = step.accept,
                                        .response_bytes_max = step.response_bytes_max,
                                        .is_event_path = step.is_event_path,
                                        .answer = &answer};
    const actions::outgoing_request request{.method = rendered.method,
                                            .path = rendered.path,
                                            .headers = &rendered.headers,
                                            .body = rendered.body,
                                            .content_type = rendered.content_type,
                                            .webhook_id = id,
                                            .step = &options};
    auto outcome = co_await send(request, what);
    co_return outcome;
}

/// A failure that is final goes on with the next step where the step says so; every other one ends
/// this round.
lane_delivery::step_end lane_delivery::fail_step(const rules::rule_step& step,
                                                 const std::string& rule, unit_step what,
                                                 delivery_outcome outcome,
                                                 rules::step_answer kept,
                                                 rules::step_results& results)
{
    const bool is_final = what != unit_step::park || origin_.rounds >= rounds_max();
    if (is_final) ++lane_.stats_.steps[step.name].failed;
    if (is_final && step.continues) {
        spdlog::info("lane {}: event {}: {}; the rule goes on", lane_.settings_.name.value(),
                     record_.id, outcome.detail);
        results.add(step.name, kept);
        origin_.rounds = 0;
        origin_.step_attempts = 0;
        return step_end::done;
    }
    origin_.step = step.name;
    origin_.step_attempts = kept.attempts;
    origin_.results = results.entries();
    failed_.push_back({rule, what, std::move(outcome)});
    return step_end::failed;
}

/// The lane stops between two steps: results are put aside with the event, if there are new ones
/// and a retry log that takes them. False: the whole event is repeated.
bool lane_delivery::leave_steps(const rules::rule_step& step, const std::string& rule,
                                const rules::step_results& results)
{
    if (results.entries().size() == origin_.results.size()) return false;
    if (origin_.rounds >= rounds_max()) return false;
    origin_.step = step.name;
    origin_.results = results.entries();
    delivery_outcome outcome;
    outcome.reason = "stopping";
    outcome.detail = fmt::format("step {}: the gateway was stopped before it", step.name);
    failed_.push_back({rule, unit_step::park, std::move(outcome)});
    return true;
}

}  // namespace sluice::gateway
