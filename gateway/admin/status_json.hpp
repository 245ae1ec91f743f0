#pragma once
// A snapshot as JSON for `sluice status` and the console. Pure.

#include <string>

#include "gateway/admin/snapshot.hpp"

namespace sluice::gateway {

[[nodiscard]] std::string status_json(const gateway_snapshot& snapshot);

}  // namespace sluice::gateway
