#pragma once
// A snapshot as Prometheus text (exposition format 0.0.4). Pure.

#include <string>

#include "gateway/admin/snapshot.hpp"

namespace sluice::gateway {

[[nodiscard]] std::string metrics_text(const gateway_snapshot& snapshot);

}  // namespace sluice::gateway
