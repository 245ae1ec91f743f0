#pragma once
// How long to wait before the next attempt. Pure over its arguments; chance and time come in.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/clock.hpp"
#include "config/settings_destinations.hpp"

namespace sluice::actions {

class retry_policy {
public:
    explicit retry_policy(const config::retry_settings& settings) : settings_(settings) {}

    /// Wait after the `attempts`-th attempt (from 1): full jitter, uniform in [0, min(max,
    /// min·2^(n-1))]. The whole window is used because a thousand events fail at one instant when a
    /// receiver dies.
    [[nodiscard]] std::chrono::milliseconds backoff(std::uint32_t attempts,
                                                    random_source& random) const;

    [[nodiscard]] std::uint32_t attempts_max() const noexcept
    {
        return settings_.inline_attempts_max == 0 ? 1 : settings_.inline_attempts_max;
    }
    [[nodiscard]] std::chrono::milliseconds budget() const noexcept
    {
        return settings_.inline_budget;
    }

private:
    config::retry_settings settings_;
};

/// `Retry-After`: whole seconds or an HTTP date in any of its three spellings, cut to `max`.
/// Nothing for text that is neither, for the past, for zero, and for numbers beyond a century.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(
    std::string_view text, wall_time now, std::chrono::milliseconds max);

}  // namespace sluice::actions
