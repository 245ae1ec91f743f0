#pragma once
// POST /v1/events: one event, an array, NDJSON or CloudEvents; 202 once all is durable. One per
// thread, on that thread's router.

#include <string_view>

#include "gateway/edge/event_intake.hpp"
#include "gateway/http/router.hpp"

namespace sluice::gateway {

/// Adds the paths of the native dialect. `intake` outlives the router; `settings` is copied.
void register_edge_routes(router& routes, event_intake& intake,
                          const config::ingest_settings& settings);

}  // namespace sluice::gateway
