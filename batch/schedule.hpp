#pragma once
// When an export is due. Windows end at boundaries: the start time (or the epoch) plus whole
// intervals, and the end time as the last one. A window is cut by append time, so a late event is
// in the next window and a window never changes. Pure values and functions.

#include <chrono>
#include <optional>

#include "config/clock.hpp"
#include "config/result.hpp"
#include "config/settings_exports.hpp"

namespace sluice::batch {

struct schedule {
    std::chrono::milliseconds interval{0};
    wall_time anchor{};              ///< boundaries are counted from here
    std::optional<wall_time> start;  ///< no boundary before it
    std::optional<wall_time> end;    ///< the last boundary
};

/// Nothing when the export runs only on demand.
[[nodiscard]] result<std::optional<schedule>> make_schedule(
    const config::export_settings& settings);

/// The newest boundary that has passed and was not exported yet. Windows missed while nothing ran
/// are caught up as one run, because only the newest boundary counts.
[[nodiscard]] std::optional<wall_time> due_boundary(const schedule& plan,
                                                    std::optional<wall_time> last_exported,
                                                    wall_time now);

/// The first boundary after `time`; nothing when the schedule has ended.
[[nodiscard]] std::optional<wall_time> next_boundary(const schedule& plan, wall_time time);

/// How long to wait before a failed run is tried again: 10 s, doubled each time, at most 10
/// minutes.
[[nodiscard]] std::chrono::seconds retry_delay(unsigned failures_in_a_row);

}  // namespace sluice::batch
