#pragma once
// Keeps retries a fraction of the traffic, so that a receiver in trouble isn't hit by more than it
// was before: a fifth of the first attempts, and ten a second on top. Pure over the time passed in.

#include "config/clock.hpp"

namespace sluice::actions {

class retry_budget {
public:
    void on_first_attempt(steady_time now);
    /// False: no inline retry now, the event goes to the retry log.
    [[nodiscard]] bool try_retry(steady_time now);

private:
    void refill(steady_time now);

    double tokens_ = 100.0;
    steady_time last_{};
    bool started_ = false;
};

}  // namespace sluice::actions
