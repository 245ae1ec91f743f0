#include "gateway/lanes/lane.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "gateway/lanes/lane_delivery.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto retry_after_failure = 1s;

}  // namespace

lane::lane(lane_settings settings, lane_parts parts, std::unique_ptr<actions::destination> to,
           std::vector<std::unique_ptr<lane_source>> sources)
    : settings_(std::move(settings)),
      parts_(parts),
      destination_(std::move(to)),
      sources_(std::move(sources)),
      machine_(settings_.machine),
      keys_(parts_.executor),
      room_(parts_.executor),
      changed_(parts_.executor),
      commit_now_(parts_.executor)
{
}

lane::~lane() = default;

template <class Coroutine>
void lane::spawn(Coroutine coroutine)
{
    ++running_;
    asio::co_spawn(parts_.executor, std::move(coroutine), [this](const std::exception_ptr& e) {
        --running_;
        if (e) {
            // every expected failure is a value: what arrives here is a bug or the end of memory
            try {
                std::rethrow_exception(e);
            } catch (const std::exception& x) {
                spdlog::error("lane {}: {}", settings_.name.value(), x.what());
            }
        }
        room_.notify_all();
    });
}

void lane::start()
{
    for (auto& source : sources_) {
        if (source->kind() == source_kind::dataset) {
            spawn(run_dataset(*source));
        } else {
            spawn(run_retries(*source));
        }
    }
    spawn(run_commits());
}

bool lane::has_room(const lane_source& source) const noexcept
{
    return in_flight_ < settings_.in_flight_max &&
           source.tracker().finished_ahead() < settings_.finished_ahead_max;
}

asio::awaitable<void> lane::wait_for_room(const lane_source& source)
{
    while (!is_stopping_ && !has_room(source)) co_await room_.wait();
}

bool lane::has_work(const rules::decided_event& decided,
                    const rules::dataset_program& program) const noexcept
{
    const auto mine = [&](rules::rule_index rule) { return is_mine(program.outcomes()[rule]); };
    return std::any_of(decided.matched.begin(), decided.matched.end(), mine) ||
           std::any_of(decided.failed.begin(), decided.failed.end(), mine);
}

rules::evaluation_scratch& lane::scratch_for(const rules::dataset_program& program)
{
    auto& scratch = scratch_[&program];
    if (!scratch) scratch = program.make_scratch();
    return *scratch;
}

/// When all that was left has been trimmed, no record will come that shows the gap.
bool lane::skip_trimmed(lane_source& source)
{
    const auto extent = parts_.log.extent(source.at());
    if (extent.has_error() || extent->begin <= source.tracker().next_to_begin()) return false;
    source.tracker().skip_to(extent->begin);
    return true;
}

lane_machine& lane::machine_for(const actions::outgoing_request& request)
{
    if (request.step == nullptr) return machine_;
    const auto found = step_machines_.find(request.step->target);
    if (found != step_machines_.end()) return found->second;
    return step_machines_.emplace(request.step->target, settings_.machine).first->second;
}

asio::awaitable<lane::batch_ptr> lane::next_batch(lane_source& source)
{
    const auto at = source.tracker().next_to_begin();
    const auto program = parts_.catalog.program_for(source.at().dataset.value());
    if (auto found = parts_.batches.find(source.at(), at, *program)) co_return found;

    auto read = co_await async_read(parts_.log, source.at(), at);
    if (read.has_error()) {
        ++stats_.read_failures;
        spdlog::warn("lane {}: can't read {}/{} at {}: {}", settings_.name.value(),
                     source.at().dataset.value(), source.at().partition.value(), at.value(),
                     read.error().message);
        co_await changed_.wait_until(parts_.clock.steady_now() + retry_after_failure);
        co_return nullptr;
    }
    if (!*read) {
        const bool has_skipped = skip_trimmed(source);
        if (!is_stopping_ && !has_skipped) co_await source.waiter().wait_beyond(source.at(), at);
        co_return nullptr;
    }
    auto& scratch = scratch_for(*program);
    auto batch = evaluated_batch::evaluate(std::move(*read), program, source.at(), scratch);
    parts_.batches.put(source.at(), batch);
    log_rule_errors(source, *batch);
    co_return batch;
}

void lane::log_rule_errors(const lane_source& source, const evaluated_batch& batch) const
{
    if (parts_.rule_errors == nullptr) return;
    for (const auto i : batch.in_error()) {
        const auto input = to_event_input(batch.records().at(i), source.at().dataset.value(),
                                          source.at().partition.value());
        parts_.rule_errors->note(parts_.catalog, input, parts_.clock.steady_now());
    }
}

asio::awaitable<void> lane::run_dataset(lane_source& source)
{
    while (!is_stopping_) {
        const auto batch = co_await next_batch(source);
        if (!batch) continue;
        for (std::size_t i = 0; i < batch->records().size() && !is_stopping_; ++i) {
            const auto& record = batch->records().at(i);
            if (record.position < source.tracker().next_to_begin()) continue;
            if (!has_room(source)) co_await wait_for_room(source);
            if (is_stopping_) break;
            source.tracker().begin(record.position);
            if (!has_work(batch->decision(i), batch->program())) {
                source.tracker().finish(record.position, record_fate::filtered);
                ++finished_since_commit_;
                continue;
            }
            ++in_flight_;
            ++stats_.events_begun;
            spawn(lane_delivery::deliver(*this, source, batch, i));
        }
        if (finished_since_commit_ >= settings_.commit_events) commit_now_.notify_all();
    }
}

asio::awaitable<bool> lane::wait_until_due(wall_time due)
{
    while (!is_stopping_) {
        const auto left = due - parts_.clock.wall_now();
        if (left <= 0ns) co_return true;
        // at most a minute at a time: the wall clock may be set while we wait
        const auto step = std::min<std::chrono::nanoseconds>(left, 1min);
        co_await room_.wait_until(parts_.clock.steady_now() + step);
    }
    co_return false;
}

asio::awaitable<void> lane::run_retries(lane_source& source)
{
    while (!is_stopping_) {
        const auto at = source.tracker().next_to_begin();
        auto read = co_await async_read(parts_.log, source.at(), at);
        if (read.has_error()) {
            ++stats_.read_failures;
            co_await changed_.wait_until(parts_.clock.steady_now() + retry_after_failure);
            continue;
        }
        if (!*read) {
            const bool has_skipped = skip_trimmed(source);
            if (!is_stopping_ && !has_skipped) {
                co_await source.waiter().wait_beyond(source.at(), at);
            }
            continue;
        }
        for (std::size_t i = 0; i < (*read)->size() && !is_stopping_; ++i) {
            const auto& record = (*read)->at(i);
            if (record.position < source.tracker().next_to_begin()) continue;
            auto parked = parse_extra(record.extra);
            if (parked.has_error()) {
                // written by somebody else: nothing to deliver, but never in silence
                spdlog::error("lane {}: retry record {} skipped: {}", settings_.name.value(),
                              record.position.value(), parked.error().message);
                source.tracker().begin(record.position);
                source.tracker().finish(record.position, record_fate::expired);
                continue;
            }
            const bool is_due = co_await wait_until_due(parked->due_at);
            if (!is_due) break;
            co_await wait_for_room(source);
            if (is_stopping_) break;
            source.tracker().begin(record.position);
            ++in_flight_;
            spawn(lane_delivery::redeliver(*this, source, *read, i, std::move(*parked)));
        }
    }
}

asio::awaitable<void> lane::run_commits()
{
    while (!is_stopping_) {
        co_await commit_now_.wait_until(parts_.clock.steady_now() + settings_.commit_interval);
        // g++ 12 miscompiles a co_await inside a condition of this loop: hence the variable
        const bool is_stored = co_await commit();
        if (!is_stored) {
            co_await commit_now_.wait_until(parts_.clock.steady_now() + retry_after_failure);
        }
    }
}

asio::awaitable<bool> lane::commit()
{
    std::vector<std::pair<lane_source*, lane_source::commit>> commits;
    std::vector<datasets::cursor_update> cursors;
    std::map<datasets::partition_ref, std::vector<datasets::new_record>> records;
    const auto cursor = lane_cursor(settings_.name);
    for (auto& source : sources_) {
        if (!source->has_to_commit()) continue;
        auto& [from, next] = commits.emplace_back(source.get(), source->next_commit());
        cursors.push_back({cursor, source->at(), next.state});
        for (const auto* p : next.parked) {
            records[p->to].push_back({.id = p->event.id,
                                      .key = p->event.key,
                                      .type = p->event.type,
                                      .datastream = p->event.datastream,
                                      .source = p->event.source,
                                      .received_at = p->at,
                                      .content = p->event.content,
                                      .extra = p->extra});
        }
    }
    if (commits.empty()) co_return true;
    finished_since_commit_ = 0;

    std::vector<datasets::append_part> appends;
    for (const auto& [to, list] : records) appends.push_back({to, list});
    const datasets::log_write what{
        .appends = appends, .cursors = cursors, .documents = {}, .is_internal = true};
    const auto written = co_await async_commit(parts_.log, what);
    if (written.has_error()) {
        ++stats_.commit_failures;
        spdlog::warn("lane {}: cursor not stored, will try again: {}", settings_.name.value(),
                     written.error().message);
        co_return false;
    }
    ++stats_.commits;
    for (auto& [source, next] : commits) source->committed(next.state);
    co_return true;
}

asio::awaitable<void> lane::stop(std::chrono::milliseconds grace)
{
    is_stopping_ = true;
    for (auto& source : sources_) source->waiter().cancel();
    keys_.stop();
    room_.notify_all();
    changed_.notify_all();
    commit_now_.notify_all();
    destination_->stop(grace);
    while (running_ != 0) co_await room_.wait();
    co_await commit();
}

void lane::enable()
{
    machine_.enable();
    for (auto& [target, machine] : step_machines_) machine.enable();
    changed_.notify_all();
}

lane_snapshot lane::snapshot(const ledger_notes& notes) const
{
    lane_snapshot s;
    s.name = settings_.name.value();
    s.state = machine_.state();
    s.reason = machine_.reason();
    for (const auto& [target, machine] : step_machines_) {
        if (machine.state() <= s.state) continue;
        s.state = machine.state();
        s.reason = target + ": " + machine.reason();
    }
    s.breaker = destination_->breaker();
    s.in_flight = in_flight_;
    s.in_flight_max = settings_.in_flight_max;
    s.stats = stats_;
    s.requests = destination_->stats();
    for (const auto& source : sources_) {
        auto& one = s.sources.emplace_back();
        one.at = source->at();
        one.is_retry = source->kind() == source_kind::retry;
        one.cursor = source->tracker().committable();
        if (auto extent = parts_.log.extent(source->at()); extent.has_value()) one.extent = *extent;
        if (one.is_retry) s.retrying += one.lag();
    }
    for (const auto& [program, scratch] : scratch_) {
        const auto counts = scratch->counts();
        for (std::size_t i = 0; i < counts.size(); ++i) {
            s.rules[program->outcomes()[i].rule] = counts[i];
        }
    }
    s.ledger = make_ledger(s.sources, notes);
    return s;
}

}  // namespace sluice::gateway
