#pragma once
// Gives each request an id that its answer, its log lines and its problems carry. A client's own
// X-Request-Id is kept when it is short and plain.

#include "gateway/http/policies.hpp"

namespace sluice::gateway {

[[nodiscard]] bool assign_request_id(policy_context& context, http_response& instead);

}  // namespace sluice::gateway
