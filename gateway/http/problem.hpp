#pragma once
// Errors as application/problem+json (RFC 9457): what is wrong and what to do about it.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/message.hpp"

namespace sluice::gateway {

/// `{"type":"about:blank","title":…,"status":…,"detail":…,"requestId":…}`; Retry-After in whole
/// seconds.
[[nodiscard]] http_response make_problem(int status, std::string_view title,
                                         std::string_view detail, std::string_view request_id,
                                         std::optional<std::chrono::seconds> retry_after = {});

/// `text` as a JSON string with its quotes. The text must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice::gateway
