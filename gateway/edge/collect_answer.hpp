#pragma once
// What a client hears about its events. Pure functions from an intake's outcome to a response.

#include <chrono>
#include <string_view>

#include "gateway/edge/event_intake.hpp"
#include "gateway/http/message.hpp"

namespace sluice::gateway {

/// 202, 207 when some events were refused, 400 (413 for size) when all were.
[[nodiscard]] http_response answer_accepted(const intake_result& outcome,
                                            std::string_view request_id);

/// 404, or 503 with Retry-After.
[[nodiscard]] http_response answer_failed(const failure& why, std::chrono::milliseconds retry_after,
                                          std::string_view request_id);

}  // namespace sluice::gateway
