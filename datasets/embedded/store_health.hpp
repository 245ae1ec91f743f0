#pragma once
// Decides what a failed write means: ok -> refusing -> reopening -> ok. Pure; the appender obeys it
// on its thread. After an error the store gets no further write: a sync that failed once may have
// dropped pages that a second sync would call clean.

#include <string>

#include "config/clock.hpp"
#include "datasets/event_log.hpp"

namespace sluice::datasets::embedded {

enum class write_fault : std::uint8_t { no_space, other };

class store_health {
public:
    /// `space_needed`: free bytes from which reopening is worth a try after "no space".
    explicit store_health(std::uint64_t space_needed) : space_needed_(space_needed) {}

    void write_failed(write_fault fault, std::string text, steady_time now);
    /// True when the store should be closed and reopened now.
    [[nodiscard]] bool wants_reopen(std::uint64_t free_bytes, steady_time now);
    void reopened(bool is_open, std::string text, steady_time now);

    [[nodiscard]] log_health state() const noexcept { return state_; }
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

private:
    std::uint64_t space_needed_;
    log_health state_ = log_health::ok;
    std::string reason_;
    steady_time retry_at_{};
    std::chrono::milliseconds delay_{0};
};

}  // namespace sluice::datasets::embedded
