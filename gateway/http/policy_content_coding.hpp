#pragma once
// Content-Encoding: gzip, deflate and zstd, one layer. Inflation is bounded in size and in ratio,
// so a small body cannot become a large one that nobody asked for.

#include "gateway/http/policies.hpp"

namespace sluice::gateway {

/// 415 for a coding that is not offered or for two of them.
[[nodiscard]] bool check_content_coding(policy_context& context, http_response& instead);

/// Replaces the body by its decoded form. 400 for a broken stream, 413 beyond the limits.
[[nodiscard]] bool decompress_body(policy_context& context, http_response& instead);

}  // namespace sluice::gateway
