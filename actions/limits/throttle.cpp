#include "actions/limits/throttle.hpp"

#include <algorithm>

namespace sluice::actions {
namespace {
constexpr std::chrono::seconds ramp_time{30};
constexpr double ramp_start_share = 0.1;
}  // namespace

throttle::throttle(std::optional<double> per_second, double burst)
    : per_second_(per_second && *per_second > 0 ? per_second : std::nullopt),
      burst_(std::max(1.0, burst)),
      tokens_(burst_)
{
}

std::optional<steady_time> throttle::try_take(steady_time now)
{
    if (paused_until_) {
        if (now < *paused_until_) return paused_until_;
        paused_until_.reset();
        // Tokens saved up during a pause would hit the receiver as one burst.
        tokens_ = std::min(tokens_, 1.0);
        last_ = std::max(last_, now);
    }
    if (!per_second_) return std::nullopt;
    if (!started_) {
        started_ = true;
        last_ = now;
    }
    const double rate = rate_at(now);
    if (now > last_) {
        tokens_ =
            std::min(burst_, tokens_ + rate * std::chrono::duration<double>(now - last_).count());
        last_ = now;
    }
    // A hair below one is rounding of the wait that was handed out, not a missing token.
    if (tokens_ >= 1.0 - 1e-6) {
        tokens_ -= 1.0;
        return std::nullopt;
    }
    const std::chrono::duration<double> wait((1.0 - tokens_) / rate);
    return now +
           std::max<steady_time::duration>(std::chrono::duration_cast<steady_time::duration>(wait),
                                           std::chrono::microseconds(50));
}

void throttle::pause_until(steady_time until)
{
    if (!paused_until_ || *paused_until_ < until) paused_until_ = until;
}

void throttle::ramp_from(steady_time now)
{
    ramp_start_ = now;
    tokens_ = std::min(tokens_, 1.0);
}

double throttle::rate_at(steady_time now) const
{
    if (!ramp_start_ || now >= *ramp_start_ + ramp_time) return *per_second_;
    const double passed = std::chrono::duration<double>(now - *ramp_start_).count() /
                          std::chrono::duration<double>(ramp_time).count();
    return *per_second_ * (ramp_start_share + (1.0 - ramp_start_share) * std::max(0.0, passed));
}

}  // namespace sluice::actions
