#pragma once
// A snapshot as Prometheus text (exposition format 0.0.4). Pure.

#include "gateway/admin/snapshot.hpp"

#include <string>

namespace sluice::gateway {

[[nodiscard]] std::string metrics_text(const gateway_snapshot& snapshot);

}  // namespace sluice::gateway
