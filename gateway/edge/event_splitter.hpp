#pragma once
// Cuts a request body into events by brackets and line ends; what is inside each is judged later,
// so one bad event costs only itself. Pure functions; the events view the body.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/edge/event_intake.hpp"

namespace sluice::gateway {

enum class body_form : std::uint8_t {
    json,     ///< one event or an array of events
    lines,    ///< one event per line, LF or CR LF, empty lines skipped
    unknown,  ///< the type was not said: looks at the body
};

/// The body as a whole cannot be cut: nothing is accepted.
struct split_failure {
    std::string_view title;
    std::string_view detail;
};

/// Appends to `out`. Fails for an empty body, an unfinished array, or more than `events_max`
/// events.
[[nodiscard]] std::optional<split_failure> split_events(std::string_view body, body_form form,
                                                        std::size_t events_max,
                                                        std::vector<incoming_event>& out);

}  // namespace sluice::gateway
