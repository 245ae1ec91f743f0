#include "gateway/lanes/lane_delivery.hpp"

#include <spdlog/spdlog.h>

#include <bit>
#include <utility>

namespace sluice::gateway {

namespace asio = boost::asio;
using actions::delivery_outcome;
using actions::outcome_class;

namespace {

delivery_outcome rejection(std::string reason, std::string detail)
{
    delivery_outcome outcome;
    outcome.next = outcome_class::reject;
    outcome.reason = std::move(reason);
    outcome.detail = std::move(detail);
    return outcome;
}

}  // namespace

lane_delivery::lane_delivery(lane& in, lane_source& source,
                             std::shared_ptr<const datasets::record_batch> batch,
                             const datasets::record_view& record, rules::event_input input)
    : lane_(in), source_(source), batch_(std::move(batch)), record_(record), input_(input)
{
}

asio::awaitable<void> lane_delivery::deliver(lane& in, lane_source& source, lane::batch_ptr batch,
                                             std::size_t index)
{
    const auto& record = batch->records().at(index);
    // shares ownership with the evaluated batch, which holds the records and their decisions
    std::shared_ptr<const datasets::record_batch> records(batch, &batch->records());
    const auto& at = source.at();
    lane_delivery self(in, source, std::move(records), record,
                       to_event_input(record, at.dataset.value(), at.partition.value()));
    self.origin_.origin = at.dataset;
    self.origin_.origin_partition = at.partition;
    self.origin_.origin_offset = record.position;
    self.origin_.received_at = record.received_at;

    const auto& decided = batch->decision(index);
    const auto outcomes = batch->program().outcomes();
    const auto is_mine = [&](rules::rule_index rule) { return in.is_mine(outcomes[rule]); };
    std::vector<rules::rule_index> units;
    std::copy_if(decided.matched.begin(), decided.matched.end(), std::back_inserter(units),
                 is_mine);
    for (const auto rule : decided.failed) {
        if (!is_mine(rule)) continue;
        self.failed_.push_back(
            {outcomes[rule].rule, unit_step::bury,
             rejection("condition", "the rule's condition failed; `sluice explain` says why")});
    }
    co_await self.run(batch->program(), decided, std::move(units));
}

asio::awaitable<void> lane_delivery::redeliver(lane& in, lane_source& source,
                                               std::shared_ptr<const datasets::record_batch> batch,
                                               std::size_t index, parked_event parked)
{
    const auto& record = batch->at(index);
    auto input = to_event_input(record, parked.origin.value(), parked.origin_partition.value());
    input.received_at = parked.received_at;
    input.offset = parked.origin_offset.value();
    lane_delivery self(in, source, batch, record, input);
    self.is_retry_ = true;
    self.origin_ = std::move(parked);
    // views must follow the string that has just moved
    self.input_.dataset = self.origin_.origin.value();

    const auto program = in.parts_.catalog.program_for(self.origin_.origin.value());
    rules::event_arena arena(2048);
    rules::decided_event decided;
    std::vector<rules::rule_index> units;
    std::unique_ptr<rules::evaluation_scratch> scratch;
    if (program) {
        // a scratch of its own: a retry is no new evaluation in the rules' counters
        scratch = program->make_scratch();
        decided = program->decide(self.input_, arena, *scratch);
    }
    for (const auto& name : self.origin_.rules) {
        const auto outcomes =
            program ? program->outcomes() : std::span<const rules::rule_outcome>{};
        const auto found = std::find_if(outcomes.begin(), outcomes.end(),
                                        [&](const auto& o) { return o.rule == name; });
        if (found != outcomes.end()) {
            units.push_back(static_cast<rules::rule_index>(found - outcomes.begin()));
        } else {
            self.failed_.push_back(
                {name, unit_step::bury,
                 rejection("rule_gone",
                           fmt::format("rule {} is no longer in the configuration", name))});
        }
    }
    if (program) {
        co_await self.run(*program, decided, std::move(units));
    } else {
        source.tracker().finish(record.position, self.settle());
        --in.in_flight_;
        in.room_.notify_all();
    }
}

asio::awaitable<void> lane_delivery::run(const rules::dataset_program& program,
                                         const rules::decided_event& decided,
                                         std::vector<rules::rule_index> units)
{
    const auto key = ordering_key(program, decided, units);
    bool is_finished = true;
    if (key) co_await lane_.keys_.turn(*key, lane_.keys_.enqueue(*key));
    for (const auto rule : units) {
        is_finished = !lane_.is_ending(source_);
        if (is_finished) is_finished = co_await run_unit(program, decided, rule);
        if (!is_finished) break;
    }
    if (key) lane_.keys_.leave(*key);
    --lane_.in_flight_;
    if (is_finished) {
        source_.tracker().finish(record_.position, settle());
        ++lane_.finished_since_commit_;
        if (lane_.finished_since_commit_ >= lane_.settings_.commit_events) {
            lane_.commit_now_.notify_all();
        }
    }
    lane_.room_.notify_all();
}

/// The rule's own `key`, else the record's; nothing when the destination keeps no order.
std::optional<std::string> lane_delivery::ordering_key(const rules::dataset_program& program,
                                                       const rules::decided_event& decided,
                                                       const std::vector<rules::rule_index>& units)
{
    if (!lane_.settings_.ordered) return std::nullopt;
    for (const auto rule : units) {
        rules::rendered_request rendered;
        const auto broken =
            program.render(rule, input_, decided, lane_.scratch_for(program), rendered);
        if (!broken && rendered.key) return rendered.key;
    }
    if (record_.key) return std::string(*record_.key);
    return std::nullopt;
}

/// True when the unit is done with, one way or another; false when the lane stops first.
asio::awaitable<bool> lane_delivery::run_unit(const rules::dataset_program& program,
                                              const rules::decided_event& decided,
                                              rules::rule_index rule)
{
    if (program.outcomes()[rule].action == rules::rule_action::steps) {
        const bool is_done = co_await run_steps(program, decided, rule);
        co_return is_done;
    }
    const auto& name = program.outcomes()[rule].rule;
    auto& scratch = lane_.scratch_for(program);
    rules::rendered_request rendered;
    if (const auto broken = program.render(rule, input_, decided, scratch, rendered)) {
        failed_.push_back(
            {name, unit_step::bury,
             rejection("mapping", fmt::format("{}: {}", broken->path, broken->message))});
        co_return true;
    }
    const auto id = make_webhook_id(record_.id, name);
    const actions::outgoing_request request{.method = rendered.method,
                                            .path = rendered.path,
                                            .headers = &rendered.headers,
                                            .body = rendered.body,
                                            .content_type = rendered.content_type,
                                            .webhook_id = id};
    unit_step step = unit_step::hold;
    auto outcome = co_await send(request, step);
    if (!outcome) co_return false;
    if (step == unit_step::delivered) {
        ++lane_.stats_.requests_delivered;
        count_latency();
    } else {
        failed_.push_back({name, step, std::move(*outcome)});
    }
    co_return true;
}

/// The last outcome, or nothing when the lane stops before there is one.
asio::awaitable<std::optional<delivery_outcome>> lane_delivery::send(
    const actions::outgoing_request& request, unit_step& step)
{
    const auto unit = lane_.next_unit_++;
    auto& machine = lane_.machine_for(request);
    std::uint32_t rounds_here = 0;
    while (true) {
        const bool may_try = co_await wait_to_try(machine, unit);
        if (!may_try) co_return std::nullopt;
        auto outcome = co_await lane_.destination_->deliver(request);
        attempts_ += outcome.attempts;
        step = machine.on_outcome(unit, outcome, lane_.parts_.clock.steady_now());
        lane_.changed_.notify_all();
        const auto& schedule = lane_.settings_.retry_schedule;
        if (step == unit_step::park && lane_.settings_.ordered && rounds_here < schedule.size()) {
            // the key must not be overtaken: wait here instead of in the retry log
            const auto until = lane_.parts_.clock.steady_now() + schedule[rounds_here++];
            while (!lane_.is_ending(source_) && lane_.parts_.clock.steady_now() < until) {
                co_await lane_.changed_.wait_until(until);
            }
            continue;
        }
        if (step != unit_step::hold) co_return outcome;
    }
}

asio::awaitable<bool> lane_delivery::wait_to_try(lane_machine& machine, std::uint64_t unit)
{
    while (!lane_.is_ending(source_)) {
        const auto now = lane_.parts_.clock.steady_now();
        if (machine.may_try(unit, now)) co_return true;
        const auto probe = machine.next_probe();
        if (probe > now) {
            co_await lane_.changed_.wait_until(probe);
        } else {
            co_await lane_.changed_.wait();
        }
    }
    co_return false;
}

void lane_delivery::count_latency()
{
    const auto since = is_retry_ ? origin_.received_at : record_.received_at;
    const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(
        lane_.parts_.clock.wall_now() - since);
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(taken.count(), 0));
    const auto bucket = std::min<std::size_t>(std::bit_width(us / 1000), lane_latency_buckets - 1);
    ++lane_.stats_.latency[bucket];
    lane_.stats_.latency_us_sum += us;
}

/// The ledger counts events, not requests: of all that an event leaves behind (dead letters, a
/// retry) exactly one carries its count. A dead letter comes first: an event of which something is
/// dead counts as dead, whatever its other requests still do.
record_fate lane_delivery::settle()
{
    std::vector<const failed_unit*> to_park;
    bool has_count = origin_.counts;
    bool has_dead = false;
    for (auto& unit : failed_) {
        if (unit.step == unit_step::park && origin_.rounds < rounds_max()) {
            to_park.push_back(&unit);
            continue;
        }
        bury_unit(unit, std::exchange(has_count, false));
        has_dead = true;
    }
    if (!to_park.empty()) {
        const bool was_counted = std::exchange(origin_.counts, has_count);
        park_units(std::move(to_park));
        return has_dead && was_counted ? record_fate::dead : record_fate::retrying;
    }
    // a retry without the count must not be counted when it ends
    if (is_retry_ && !origin_.counts) return record_fate::retrying;
    return has_dead ? record_fate::dead : record_fate::delivered;
}

parked_event lane_delivery::describe(const failed_unit& unit) const
{
    auto parked = origin_;
    parked.destination = lane_.settings_.name;
    parked.rules = {unit.rule};
    parked.failed_at = lane_.parts_.clock.wall_now();
    parked.due_at = {};
    parked.attempts += attempts_;
    parked.reason = unit.outcome.reason;
    parked.detail = unit.outcome.detail;
    parked.status = unit.outcome.status;
    parked.response = unit.outcome.response_body;
    return parked;
}

void lane_delivery::park_units(std::vector<const failed_unit*> units)
{
    auto parked = describe(*units.front());
    for (std::size_t i = 1; i < units.size(); ++i) parked.rules.push_back(units[i]->rule);
    const auto tier = origin_.rounds;
    auto wait = lane_.settings_.retry_schedule[tier];
    for (const auto* unit : units) {
        if (unit->outcome.retry_after) wait = std::max(wait, *unit->outcome.retry_after);
    }
    parked.rounds = origin_.rounds + 1;
    parked.due_at = parked.failed_at + wait;
    lane_.stats_.requests_parked += units.size();
    source_.park({record_.position,
                  {retry_dataset(lane_.settings_.name), partition_id{tier}},
                  batch_,
                  record_,
                  to_extra(parked),
                  parked.failed_at});
}

void lane_delivery::bury_unit(const failed_unit& unit, bool counts)
{
    auto parked = describe(unit);
    parked.counts = counts;
    ++lane_.stats_.requests_dead;
    spdlog::warn("lane {}: event {} of rule {} is a dead letter ({}): {}",
                 lane_.settings_.name.value(), record_.id, unit.rule, unit.outcome.reason,
                 unit.outcome.detail);
    source_.park({record_.position,
                  {dead_dataset(lane_.settings_.name), partition_id{0}},
                  batch_,
                  record_,
                  to_extra(parked),
                  parked.failed_at});
}

}  // namespace sluice::gateway
