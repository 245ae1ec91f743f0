#pragma once
// Token bucket of one destination, pure over the time passed in. Waiters are told when to ask
// again; a pause asked for by the receiver (Retry-After) holds back everybody.

#include <chrono>
#include <optional>

#include "config/clock.hpp"

namespace sluice::actions {

class throttle {
public:
    /// Without a rate everything passes at once (a pause still holds). `burst` tokens may be saved
    /// up.
    explicit throttle(std::optional<double> per_second, double burst = 1.0);

    /// Takes a token, or says when to ask again.
    [[nodiscard]] std::optional<steady_time> try_take(steady_time now);
    /// Nobody passes before `until`. Never shortens a pause.
    void pause_until(steady_time until);
    /// After an outage the rate grows from a tenth to all of it within half a minute.
    void ramp_from(steady_time now);

private:
    [[nodiscard]] double rate_at(steady_time now) const;

    std::optional<double> per_second_;
    double burst_;
    double tokens_;
    steady_time last_{};
    bool started_ = false;
    std::optional<steady_time> paused_until_;
    std::optional<steady_time> ramp_start_;
};

}  // namespace sluice::actions
