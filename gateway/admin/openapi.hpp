#pragma once
// The HTTP API of both listeners as OpenAPI 3.1; printed by `sluice schema openapi`.

#include <string_view>

namespace sluice::gateway {

[[nodiscard]] std::string_view openapi_json();

}  // namespace sluice::gateway
