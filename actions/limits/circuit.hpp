#pragma once
// Circuit breaker of one destination: a machine over results and the time passed in, without I/O.
//   closed     everybody passes; opens after n failures in a row, or half of >= 20 attempts in a
//   minute open       nobody passes until the open time is over half open  one probe at a time; two
//   good probes close it, a bad one opens it for twice as long
// Owner: one destination, on its thread. Whoever waits asks again when `changes()` has moved.

#include <chrono>
#include <cstdint>
#include <optional>

#include "actions/destination.hpp"
#include "config/clock.hpp"
#include "config/settings_destinations.hpp"

namespace sluice::actions {

class circuit {
public:
    explicit circuit(const config::circuit_settings& settings);

    struct admission {
        bool allowed = false;
        bool probe = false;
        /// When not allowed: ask again then; nothing: when `changes()` has moved.
        std::optional<steady_time> ask_again;
    };

    /// Who was allowed must report exactly one of the three results, with its `probe` flag.
    [[nodiscard]] admission try_enter(steady_time now);
    void on_success(bool probe, steady_time now);
    void on_failure(bool probe, steady_time now);
    /// Neither for nor against: shutdown, a wrong set-up.
    void on_neutral(bool probe);

    [[nodiscard]] breaker_state state() const noexcept { return state_; }
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
    [[nodiscard]] std::uint64_t times_opened() const noexcept { return times_opened_; }

private:
    struct half_window {
        std::uint32_t attempts = 0;
        std::uint32_t failures = 0;
    };

    void count(bool failed, steady_time now);
    void open(steady_time now);
    void close();

    config::circuit_settings settings_;
    breaker_state state_ = breaker_state::closed;
    std::uint32_t failures_in_row_ = 0;
    std::uint32_t good_probes_ = 0;
    bool probe_out_ = false;
    std::chrono::milliseconds open_for_;
    steady_time open_until_{};
    half_window current_, previous_;
    steady_time window_start_{};
    std::uint64_t changes_ = 0;
    std::uint64_t times_opened_ = 0;
};

}  // namespace sluice::actions
