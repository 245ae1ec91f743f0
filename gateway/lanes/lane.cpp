#include "gateway/lanes/lane.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "datasets/log_error.hpp"
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
      machine_(settings_.machine),
      keys_(parts_.executor),
      room_(parts_.executor),
      changed_(parts_.executor),
      commit_now_(parts_.executor),
      committed_(parts_.executor)
{
    for (auto& source : sources) sources_.push_back(std::move(source));
}

lane::~lane() = default;

/// `source`, when given, lives at least as long as the coroutine.
template <class Coroutine>
void lane::spawn(Coroutine coroutine, source_ptr source)
{
    ++running_;
    if (source) source->enter();
    asio::co_spawn(parts_.executor, std::move(coroutine),
                   [this, source](const std::exception_ptr& e) {
                       --running_;
                       if (source) source->exit();
                       if (e) {
                           // every expected failure is a value: what arrives here is a bug or the
                           // end of memory
                           try {
                               std::rethrow_exception(e);
                           } catch (const std::exception& x) {
                               spdlog::error("lane {}: {}", settings_.name.value(), x.what());
                           }
                       }
                       room_.notify_all();
                   });
}

void lane::begin_source(const source_ptr& source)
{
    if (source->kind() == source_kind::dataset) {
        spawn(run_dataset(*source), source);
    } else {
        spawn(run_retries(*source), source);
    }
}

void lane::start()
{
    is_started_ = true;
    for (const auto& source : sources_) begin_source(source);
    spawn(run_commits());
}

void lane::add_source(std::unique_ptr<lane_source> source)
{
    const auto known = partitions();
    if (is_stopping_ || std::find(known.begin(), known.end(), source->at()) != known.end()) return;
    sources_.push_back(std::move(source));
    if (is_started_) begin_source(source_ptr(sources_.back()));
}

std::vector<datasets::partition_ref> lane::partitions() const
{
    std::vector<datasets::partition_ref> found;
    for (const auto& source : sources_) {
        if (!source->is_leaving()) found.push_back(source->at());
    }
    return found;
}

/// The source stays alive as long as a coroutine works on it, although the lane has dropped it.
template <class Coroutine>
void lane::spawn_on(lane_source& source, Coroutine coroutine)
{
    spawn(std::move(coroutine), source.shared_from_this());
}

bool lane::has_room(const lane_source& source) const noexcept
{
    return in_flight_ < settings_.in_flight_max &&
           source.tracker().finished_ahead() < settings_.finished_ahead_max;
}

asio::awaitable<void> lane::wait_for_room(const lane_source& source)
{
    while (!is_ending(source) && !has_room(source)) co_await room_.wait();
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
        if (!is_ending(source) && !has_skipped)
            co_await source.waiter().wait_beyond(source.at(), at);
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
    while (!is_ending(source)) {
        const auto batch = co_await next_batch(source);
        if (!batch) continue;
        for (std::size_t i = 0; i < batch->records().size() && !is_ending(source); ++i) {
            const auto& record = batch->records().at(i);
            if (record.position < source.tracker().next_to_begin()) continue;
            if (!has_room(source)) co_await wait_for_room(source);
            if (is_ending(source)) break;
            source.tracker().begin(record.position);
            if (!has_work(batch->decision(i), batch->program())) {
                source.tracker().finish(record.position, record_fate::filtered);
                ++finished_since_commit_;
                continue;
            }
            ++in_flight_;
            ++stats_.events_begun;
            spawn_on(source, lane_delivery::deliver(*this, source, batch, i));
        }
        if (finished_since_commit_ >= settings_.commit_events) commit_now_.notify_all();
    }
}

asio::awaitable<bool> lane::wait_until_due(const lane_source& source, wall_time due)
{
    while (!is_ending(source)) {
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
    while (!is_ending(source)) {
        const auto at = source.tracker().next_to_begin();
        auto read = co_await async_read(parts_.log, source.at(), at);
        if (read.has_error()) {
            ++stats_.read_failures;
            co_await changed_.wait_until(parts_.clock.steady_now() + retry_after_failure);
            continue;
        }
        if (!*read) {
            const bool has_skipped = skip_trimmed(source);
            if (!is_ending(source) && !has_skipped) {
                co_await source.waiter().wait_beyond(source.at(), at);
            }
            continue;
        }
        for (std::size_t i = 0; i < (*read)->size() && !is_ending(source); ++i) {
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
            const bool is_due = co_await wait_until_due(source, parked->due_at);
            if (!is_due) break;
            co_await wait_for_room(source);
            if (is_ending(source)) break;
            source.tracker().begin(record.position);
            ++in_flight_;
            spawn_on(source, lane_delivery::redeliver(*this, source, *read, i, std::move(*parked)));
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

/// One commit at a time: a second one would write the same parked records again.
asio::awaitable<bool> lane::commit()
{
    while (is_committing_) co_await committed_.wait();
    is_committing_ = true;
    const bool is_stored = co_await commit_once();
    is_committing_ = false;
    committed_.notify_all();
    co_return is_stored;
}

asio::awaitable<bool> lane::commit_once()
{
    std::vector<std::pair<source_ptr, lane_source::commit>> commits;
    std::vector<datasets::cursor_update> cursors;
    std::map<datasets::partition_ref, std::vector<datasets::new_record>> records;
    const auto cursor = lane_cursor(settings_.name);
    for (auto& source : sources_) {
        if (!source->has_to_commit()) continue;
        auto& [from, next] = commits.emplace_back(source, source->next_commit());
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
        if (written.error().code == datasets::log_errc::not_owned && drop_lost_sources()) {
            co_return co_await commit_once();
        }
        spdlog::warn("lane {}: cursor not stored, will try again: {}", settings_.name.value(),
                     written.error().message);
        co_return false;
    }
    ++stats_.commits;
    for (auto& [source, next] : commits) source->committed(next.state);
    co_return true;
}

/// Partitions that another gateway has taken without asking (our session was over): it began at
/// our last commit, so what has finished here since is delivered twice and counted there.
bool lane::drop_lost_sources()
{
    std::vector<datasets::partition_ref> lost;
    std::erase_if(sources_, [&](const source_ptr& source) {
        const auto owned = parts_.log.owned_partitions(source->at().dataset);
        if (std::find(owned.begin(), owned.end(), source->at().partition) != owned.end()) {
            return false;
        }
        source->leave();
        lost.push_back(source->at());
        return true;
    });
    for (const auto& at : lost) {
        spdlog::warn("lane {}: another gateway took {}/{} over; its events may come twice",
                     settings_.name.value(), at.dataset.value(), at.partition.value());
    }
    room_.notify_all();
    changed_.notify_all();
    return !lost.empty();
}

asio::awaitable<void> lane::release(std::vector<datasets::partition_ref> partitions,
                                    std::chrono::milliseconds grace)
{
    if (is_stopping_) co_return;  // stop() commits everything
    std::vector<source_ptr> leaving;
    for (const auto& source : sources_) {
        if (std::find(partitions.begin(), partitions.end(), source->at()) == partitions.end()) {
            continue;
        }
        source->leave();
        leaving.push_back(source);
    }
    if (leaving.empty()) co_return;
    ++running_;  // stop() waits for this coroutine, too
    room_.notify_all();
    changed_.notify_all();
    const auto until = std::chrono::steady_clock::now() + grace;
    const auto is_busy = [](const source_ptr& source) { return source->users() != 0; };
    while (std::any_of(leaving.begin(), leaving.end(), is_busy) && !is_stopping_ &&
           std::chrono::steady_clock::now() < until) {
        co_await room_.wait_until(until);
    }
    co_await commit();
    std::erase_if(sources_, [&](const source_ptr& source) {
        return std::find(leaving.begin(), leaving.end(), source) != leaving.end();
    });
    --running_;
    room_.notify_all();
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

lane_snapshot lane::snapshot(const ledger_notes& notes, bool is_shared) const
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
    s.ledger = is_shared ? make_shared_ledger(s.sources) : make_ledger(s.sources, notes);
    return s;
}

}  // namespace sluice::gateway
