#include "gateway/lanes/step_destinations.hpp"

#include <iterator>

#include "config/assert_always.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;

namespace {

void add_stats(actions::destination_stats& sum, const actions::destination_stats& one)
{
    sum.attempts += one.attempts;
    sum.delivered += one.delivered;
    sum.retried += one.retried;
    sum.throttled += one.throttled;
    sum.setup_errors += one.setup_errors;
    sum.rejected += one.rejected;
    sum.connections_opened += one.connections_opened;
    sum.connections_reused += one.connections_reused;
    sum.connections_open += one.connections_open;
    sum.breaker_opened += one.breaker_opened;
    sum.bytes_sent += one.bytes_sent;
    sum.bytes_received += one.bytes_received;
    sum.latency_us_sum += one.latency_us_sum;
    for (std::size_t i = 0; i < std::size(sum.latency_buckets); ++i) {
        sum.latency_buckets[i] += one.latency_buckets[i];
    }
}

}  // namespace

asio::awaitable<actions::delivery_outcome> step_destinations::deliver(
    const actions::outgoing_request& request)
{
    const auto found = targets_.find(request.step->target);
    assert_always(found != targets_.end(), "a lane knows all targets of its steps");
    return found->second->deliver(request);
}

void step_destinations::stop(std::chrono::milliseconds grace)
{
    for (auto& [name, to] : targets_) to->stop(grace);
}

const actions::destination_stats& step_destinations::stats() const
{
    sum_ = {};
    for (const auto& [name, to] : targets_) add_stats(sum_, to->stats());
    return sum_;
}

actions::breaker_state step_destinations::breaker() const
{
    auto worst = actions::breaker_state::closed;
    for (const auto& [name, to] : targets_) {
        const auto state = to->breaker();
        if (state == actions::breaker_state::open) return state;
        if (state != actions::breaker_state::closed) worst = state;
    }
    return worst;
}

std::string step_destinations::describe(const actions::outgoing_request& request) const
{
    const auto found = targets_.find(request.step->target);
    return found == targets_.end() ? std::string{} : found->second->describe(request);
}

}  // namespace sluice::gateway
