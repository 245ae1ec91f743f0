#pragma once
// The console: one page without outside resources that shows /api/v1/status and refreshes itself.

#include <string_view>

namespace sluice::gateway {

[[nodiscard]] std::string_view console_page();

}  // namespace sluice::gateway
