#include "actions/rest_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace sluice::actions {
namespace {

using machine = delivery_machine;

/// Index of the first bucket whose upper bound (0.25 ms · 2^i) holds the time.
std::size_t latency_bucket(std::chrono::microseconds took)
{
    std::size_t bucket = 0;
    while (bucket < 15 && took.count() > (std::int64_t{250} << bucket)) ++bucket;
    return bucket;
}

delivery_limits make_limits(const config::destination_settings& settings)
{
    return delivery_limits{retry_policy(settings.retry),
                           circuit(settings.circuit),
                           throttle(settings.requests_per_second),
                           retry_budget{},
                           setup_streak{},
                           settings.timeout,
                           settings.retry.retry_after_max};
}

/// A step says itself which answers are a success; the others are judged by the table, except those
/// that it would call delivered, or that speak of this event's own address.
void judge_for_step(attempt_result& attempt, const step_options& step)
{
    if (attempt.cause != attempt_cause::answered ||
        attempt.by_condition != answer_judgement::none) {
        return;
    }
    if (rules::holds_status(step.accept, attempt.status)) {
        attempt.by_condition = answer_judgement::accepted;
        return;
    }
    const bool is_2xx = attempt.status >= 200 && attempt.status < 300;
    if (!is_2xx && !(attempt.status == 404 && step.is_event_path)) return;
    attempt.by_condition = answer_judgement::unaccepted;
    attempt.detail = fmt::format("answered {}, which `accept` does not list", attempt.status);
}

}  // namespace

rest_destination::rest_destination(parts with, const config::destination_settings& settings,
                                   boost::asio::any_io_executor on, const clock_source& clock,
                                   random_source& random)
    : with_(std::move(with)),
      clock_(clock),
      random_(random),
      limits_(make_limits(settings)),
      waits_(on, clock),
      pool_(on, {with_.to, with_.guard, with_.tls.get(), settings.connect_timeout}, waits_, stats_),
      client_(pool_, with_.writer, waits_, with_.tls.get(),
              {settings.response_bytes_max, 4096, settings.retry.retry_after_max,
               !with_.conditions.empty()}),
      slots_free_(std::max(1U, settings.connections_max))
{
}

boost::asio::awaitable<delivery_outcome> rest_destination::deliver(const outgoing_request& request)
{
    machine decides(limits_, random_);
    if (request.step != nullptr && request.step->timeout) {
        decides.set_attempt_timeout(*request.step->timeout);
    }
    bool holds_slot = false;
    delivery_outcome outcome;
    try {
        co_await run(decides, request, holds_slot);
        outcome = decides.take_outcome();
    } catch (const std::exception& problem) {
        // Out of memory, or a library that throws: the event is not to blame and stays.
        outcome.next = outcome_class::retry;
        outcome.reason = "internal";
        outcome.detail = fmt::format("the attempt was broken off: {}", problem.what());
    }
    release_slot(holds_slot);
    count(outcome);
    co_return outcome;
}

boost::asio::awaitable<void> rest_destination::run(machine& decides,
                                                   const outgoing_request& request,
                                                   bool& holds_slot)
{
    if (auto problem = with_.writer.check(request)) {
        (void)decides.refuse(std::move(*problem), now());
        co_return;
    }
    machine::step step = decides.start(now());
    while (step.kind != machine::step_kind::done) {
        wait_entry entry;
        wake why = wake::ready;
        machine::event next = machine::event::asked_again;
        switch (step.kind) {
            case machine::step_kind::take_slot:
                why = co_await take_slot();
                holds_slot = why != wake::stopping;
                next = machine::event::slot_taken;
                break;
            case machine::step_kind::wait_breaker:
                why = co_await wait_for_breaker(step.until);
                break;
            case machine::step_kind::wait_turn:
                why = co_await waits_.wait(entry, step.until);
                break;
            case machine::step_kind::back_off:
                release_slot(holds_slot);
                why = co_await waits_.wait(entry, step.until);
                next = machine::event::backed_off;
                break;
            case machine::step_kind::send: {
                if (waits_.stopping()) {
                    why = wake::stopping;
                    break;
                }
                const steady_time began = now();
                attempt_result attempt = co_await client_.attempt(request, step.until);
                const steady_time ended = now();
                count(attempt, began, ended);
                with_.conditions.judge(attempt);
                if (request.step != nullptr) judge_for_step(attempt, *request.step);
                step = decides.resume(std::move(attempt), ended);
                wake_breaker_waiters();
                continue;
            }
            case machine::step_kind::done:
                break;
        }
        step = decides.resume(why == wake::stopping ? machine::event::stopping : next, now());
        wake_breaker_waiters();
    }
}

boost::asio::awaitable<wake> rest_destination::take_slot()
{
    if (waits_.stopping()) co_return wake::stopping;
    if (slots_free_ > 0) {
        --slots_free_;
        co_return wake::ready;
    }
    wait_entry entry;
    slot_queue_.push_back(&entry);
    const wake why = co_await waits_.wait(entry, steady_time::max());
    if (why != wake::ready) std::erase(slot_queue_, &entry);
    co_return why;
}

void rest_destination::release_slot(bool& held)
{
    if (!std::exchange(held, false)) return;
    if (slot_queue_.empty()) {
        ++slots_free_;
        return;
    }
    // Handed over, not freed: who came first goes first.
    wait_entry* const next = slot_queue_.front();
    slot_queue_.pop_front();
    next->resume_later(wake::ready);
}

boost::asio::awaitable<wake> rest_destination::wait_for_breaker(steady_time until)
{
    wait_entry entry;
    breaker_queue_.push_back(&entry);
    const wake why = co_await waits_.wait(entry, until);
    std::erase(breaker_queue_, &entry);
    co_return why;
}

void rest_destination::wake_breaker_waiters()
{
    if (breaker_changes_seen_ == limits_.breaker.changes()) return;
    breaker_changes_seen_ = limits_.breaker.changes();
    stats_.breaker_opened = limits_.breaker.times_opened();
    for (wait_entry* each : std::exchange(breaker_queue_, {})) each->resume_later(wake::ready);
}

void rest_destination::count(const attempt_result& attempt, steady_time began, steady_time ended)
{
    if (attempt.cause == attempt_cause::stopping) return;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(ended - began);
    ++stats_.attempts;
    stats_.latency_us_sum += static_cast<std::uint64_t>(took.count());
    ++stats_.latency_buckets[latency_bucket(took)];
}

void rest_destination::count(const delivery_outcome& outcome)
{
    switch (outcome.next) {
        case outcome_class::delivered:
            ++stats_.delivered;
            break;
        case outcome_class::retry:
            if (outcome.reason != "stopping") ++stats_.retried;
            break;
        case outcome_class::throttle:
            ++stats_.throttled;
            break;
        case outcome_class::setup:
            ++stats_.setup_errors;
            break;
        case outcome_class::reject:
            ++stats_.rejected;
            break;
        case outcome_class::disable:
            ++stats_.setup_errors;
            break;
    }
}

void rest_destination::stop(std::chrono::milliseconds grace)
{
    waits_.stop(now() + grace);
    slot_queue_.clear();
    breaker_queue_.clear();
    pool_.close_idle();
}

std::string rest_destination::describe(const outgoing_request& request) const
{
    return with_.writer.describe(request, clock_.wall_now());
}

result<std::unique_ptr<destination>> make_rest_destination(
    std::string name, const config::destination_settings& settings, boost::asio::any_io_executor on,
    const clock_source& clock, random_source& random)
{
    const auto named = [&name](failure why) {
        why.message = fmt::format("destination `{}`: {}", name, why.message);
        return why;
    };
    auto ports = settings.allow_ports;
    auto guard = destination_guard::make(settings.allow_private, {}, {});
    if (!guard) return named(guard.error());
    auto to = parse_url(settings.url, guard->hosts());
    if (!to) return named(to.error());
    ports.push_back(to->port);
    guard =
        destination_guard::make(settings.allow_private, std::move(ports), interface_addresses());
    if (!guard) return named(guard.error());
    if (to->host_is_address) {
        const auto verdict =
            guard->judge(boost::asio::ip::make_address(to->host), to->port, to->host);
        if (!verdict.allowed) {
            return named(failure{
                make_error_code(boost::system::errc::permission_denied),
                fmt::format("the address {} in `url` is not dialled ({}); add it to "
                            "`allow_private` if that is intended, for example "
                            "`allow_private: [{}/{}]`",
                            to->host, verdict.refused_as, to->host, to->host_is_ipv6 ? 128 : 32)});
        }
    }
    auto writer = request_writer::make(settings, *to);
    if (!writer) return named(writer.error());
    auto conditions = answer_conditions::make(settings);
    if (!conditions) return named(conditions.error());
    std::unique_ptr<tls_client> tls;
    if (to->tls) {
        auto made = tls_client::make(settings.tls, *to);
        if (!made) return named(made.error());
        tls = std::move(*made);
    }
    return std::unique_ptr<destination>(std::make_unique<rest_destination>(
        rest_destination::parts{std::move(name), std::move(*to), std::move(*guard),
                                std::move(*writer), std::move(tls), std::move(*conditions)},
        settings, std::move(on), clock, random));
}

}  // namespace sluice::actions
