#pragma once
// A snapshot as JSON for `sluice status` and the console. Pure.

#include "gateway/admin/snapshot.hpp"

#include <string>

namespace sluice::gateway {

[[nodiscard]] std::string status_json(const gateway_snapshot& snapshot);

}  // namespace sluice::gateway
