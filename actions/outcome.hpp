#pragma once
// What became of one delivery, named by what happens next. The table of all causes is in
// response_outcome.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::actions {

enum class outcome_class : std::uint8_t {
    delivered,  ///< done, the cursor moves
    retry,      ///< again by schedule, same id
    throttle,   ///< again, not before `retry_after`
    setup,      ///< the destination is set up wrongly: the lane pauses, the event stays pending
    reject,     ///< the event can't be delivered: dead letter
    disable,    ///< 410: stopped until an operator enables it
};

[[nodiscard]] std::string_view to_text(outcome_class c) noexcept;

struct delivery_outcome {
    outcome_class next = outcome_class::retry;
    int status = 0;             ///< HTTP status, 0 without an answer
    std::string reason;         ///< short, stable: `http_503`, `timeout`, `tls`, `guard`, …
    std::string detail;         ///< a sentence for people, no secrets
    std::string response_body;  ///< start of the answer, at most 1 KiB, for dead letters
    std::optional<std::chrono::milliseconds> retry_after;
    std::uint32_t attempts = 0;  ///< made by this call
    std::chrono::microseconds elapsed{0};
};

}  // namespace sluice::actions
