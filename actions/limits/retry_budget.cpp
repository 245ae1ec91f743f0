#include "actions/limits/retry_budget.hpp"

#include <algorithm>

namespace sluice::actions {
namespace {
constexpr double share_of_first_attempts = 0.2;
constexpr double per_second = 10.0;
// Ten seconds of the constant part plus the share of a burst; what is saved up beyond is forgotten.
constexpr double tokens_max = 1'000.0;
}  // namespace

void retry_budget::on_first_attempt(steady_time now)
{
    refill(now);
    tokens_ = std::min(tokens_max, tokens_ + share_of_first_attempts);
}

bool retry_budget::try_retry(steady_time now)
{
    refill(now);
    if (tokens_ < 1.0) return false;
    tokens_ -= 1.0;
    return true;
}

void retry_budget::refill(steady_time now)
{
    if (!started_) {
        started_ = true;
        last_ = now;
    }
    if (now <= last_) return;
    tokens_ = std::min(tokens_max,
                       tokens_ + per_second * std::chrono::duration<double>(now - last_).count());
    last_ = now;
}

}  // namespace sluice::actions
