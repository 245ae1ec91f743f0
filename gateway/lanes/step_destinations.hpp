#pragma once
// The destinations of one rule with steps, as its lane sees them: one, which hands each request to
// the destination that the step names. Credentials, throttle, breaker and inline retries are those
// of each destination. Lives on the lane's thread.

#include <map>
#include <memory>
#include <string>

#include "actions/destination.hpp"

namespace sluice::gateway {

class step_destinations final : public actions::destination {
public:
    void add(std::string name, std::unique_ptr<actions::destination> to)
    {
        targets_[std::move(name)] = std::move(to);
    }

    /// `request.step->target` must be one of those added.
    boost::asio::awaitable<actions::delivery_outcome> deliver(
        const actions::outgoing_request& request) override;
    void stop(std::chrono::milliseconds grace) override;
    /// The sum over all of them.
    [[nodiscard]] const actions::destination_stats& stats() const override;
    /// The worst of them.
    [[nodiscard]] actions::breaker_state breaker() const override;
    [[nodiscard]] std::string describe(const actions::outgoing_request& request) const override;

private:
    std::map<std::string, std::unique_ptr<actions::destination>, std::less<>> targets_;
    mutable actions::destination_stats sum_;
};

}  // namespace sluice::gateway
