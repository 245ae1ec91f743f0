#pragma once
// Decides what a delivery does next, without I/O: resume(event, now) -> next step. rest_destination
// obeys. One machine per deliver() call, on its coroutine's stack; the limits it asks belong to the
// destination.
//
//   take_slot -> [wait: breaker, pause or token] -> send -> done
//                         ^                          |
//                         +------- back_off <--------+      until attempts or the inline budget are
//                         used up
//
// Waiting for a slot, a token or the breaker is no attempt and costs no budget: it is
// back-pressure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "actions/limits/circuit.hpp"
#include "actions/limits/retry_budget.hpp"
#include "actions/limits/retry_policy.hpp"
#include "actions/limits/setup_streak.hpp"
#include "actions/limits/throttle.hpp"
#include "actions/outcome.hpp"
#include "actions/response_outcome.hpp"
#include "config/clock.hpp"

namespace sluice::actions {

/// What all deliveries of one destination share.
struct delivery_limits {
    retry_policy retries;
    circuit breaker;
    throttle rate;
    retry_budget budget;
    setup_streak streak;
    std::chrono::milliseconds attempt_timeout;
    std::chrono::milliseconds retry_after_max;
};

class delivery_machine {
public:
    enum class step_kind : std::uint8_t {
        take_slot,     ///< wait for a connection slot, then resume(slot_taken)
        wait_breaker,  ///< keep the slot; resume(asked_again) at `until`, or when the breaker
                       ///< changes
        wait_turn,     ///< keep the slot; resume(asked_again) at `until`
        send,          ///< one attempt that ends at `until`, then resume(attempt_result)
        back_off,      ///< give the slot back; resume(backed_off) at `until`
        done,          ///< give the slot back; take_outcome()
    };
    struct step {
        step_kind kind;
        steady_time until{};
    };
    enum class event : std::uint8_t { slot_taken, asked_again, backed_off, stopping };

    delivery_machine(delivery_limits& limits, random_source& random) noexcept
        : limits_(limits), random_(random)
    {
    }

    /// Instead of the destination's; before start().
    void set_attempt_timeout(std::chrono::milliseconds timeout) noexcept { timeout_ = timeout; }

    [[nodiscard]] step start(steady_time now);
    [[nodiscard]] step resume(event what, steady_time now);
    [[nodiscard]] step resume(attempt_result&& attempt, steady_time now);

    /// The request can't be put on the wire: no attempt, the event is rejected.
    [[nodiscard]] step refuse(std::string detail, steady_time now);
    /// After `done`.
    [[nodiscard]] delivery_outcome take_outcome() noexcept { return std::move(outcome_); }

private:
    [[nodiscard]] step ask_admission(steady_time now);
    [[nodiscard]] step finish(attempt_result&& attempt, outcome_class next, steady_time now);
    [[nodiscard]] step finish_stopping(steady_time now);
    void report_to_breaker(const attempt_result& attempt, outcome_class next, steady_time now);

    delivery_limits& limits_;
    random_source& random_;
    steady_time started_{};
    std::optional<std::chrono::milliseconds> timeout_;
    std::optional<steady_time> deadline_;       ///< of the inline attempts; set at the first send
    std::optional<steady_time> waiting_since_;  ///< at the breaker or for a turn, between attempts
    bool probe_ = false;
    std::uint8_t answers_against_event_ = 0;
    delivery_outcome outcome_;
};

}  // namespace sluice::actions
