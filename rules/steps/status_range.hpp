#pragma once
// Which HTTP statuses a step takes for a success. Plain values.

#include <algorithm>
#include <span>

namespace sluice::rules {

/// Statuses from `first` to `last`.
struct status_range {
    int first = 200;
    int last = 299;
    [[nodiscard]] bool operator==(const status_range&) const = default;
};

[[nodiscard]] inline bool holds_status(std::span<const status_range> ranges, int status) noexcept
{
    return std::ranges::any_of(
        ranges, [&](const status_range& r) { return r.first <= status && status <= r.last; });
}

}  // namespace sluice::rules
