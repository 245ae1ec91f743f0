#pragma once
// Decides what a lane does with each final outcome of a delivery, and when the lane as a whole has
// to wait because its destination is set up wrongly. No I/O and no clock of its own; one thread.
//
//   running --setup (TLS, credentials, guard)--------------------> paused
//   running --setup by status, 3 different events in a row-------> paused
//   paused  --probe delivered------------------------------------> running
//   any     --disable (410)--------------------------------------> disabled --operator--> running
//
// One event must not stop a lane: an event that still meets a `setup` status after others were
// delivered is at fault itself and goes to the dead letters.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actions/outcome.hpp"
#include "config/clock.hpp"

namespace sluice::gateway {

enum class lane_state : std::uint8_t { running, paused, disabled };
[[nodiscard]] std::string_view to_text(lane_state s) noexcept;

/// What to do with the unit (one request of one event) whose delivery has just ended.
enum class unit_step : std::uint8_t {
    delivered,
    park,  ///< into the retry log, by schedule
    bury,  ///< into the dead letters
    hold,  ///< keep it in the window until may_try() says so, then deliver again
};

struct lane_machine_settings {
    std::uint32_t events_to_pause = 3;
    std::chrono::milliseconds probe_interval{300'000};
};

class lane_machine {
public:
    explicit lane_machine(lane_machine_settings settings = {}) : settings_(settings) {}

    /// `unit` identifies the unit while it is in the window; the same number at each of its
    /// outcomes.
    unit_step on_outcome(std::uint64_t unit, const actions::delivery_outcome& outcome,
                         steady_time now);

    /// Whether this held or new unit may be sent now; false: ask again at next_probe() or after any
    /// change.
    bool may_try(std::uint64_t unit, steady_time now);

    /// When a paused lane may probe again.
    [[nodiscard]] steady_time next_probe() const noexcept { return probe_at_; }
    [[nodiscard]] lane_state state() const noexcept { return state_; }
    /// Why the lane is not running, in words; empty when it is.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

    /// An operator corrected the destination: run again, forget suspicions.
    void enable() noexcept;

private:
    struct suspect {
        std::uint64_t unit = 0;
        std::uint64_t delivered_before = 0;  ///< deliveries of the lane when it was held
    };

    unit_step on_setup(std::uint64_t unit, const actions::delivery_outcome& outcome,
                       steady_time now);
    void forget(std::uint64_t unit);

    lane_machine_settings settings_;
    lane_state state_ = lane_state::running;
    std::string reason_;
    std::vector<suspect> held_;
    std::uint32_t streak_ = 0;  ///< different events in a row that met a setup status
    std::uint64_t delivered_ = 0;
    std::uint64_t probing_ = 0;  ///< unit of the probe under way, 0: none
    steady_time probe_at_{};
};

}  // namespace sluice::gateway
