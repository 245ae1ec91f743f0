#pragma once
// CloudEvents in binary form: the attributes are in `ce-` header fields and the body is the data.
// Builds the structured form, so that what is stored and forwarded is one JSON document. Pure
// functions.

#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/message.hpp"

namespace sluice::gateway {

[[nodiscard]] bool is_binary_cloud_event(const http_request& request);

struct cloud_event_error {
    std::string_view detail;
};

/// The structured event in `out`, or what is missing.
[[nodiscard]] std::optional<cloud_event_error> build_cloud_event(const http_request& request,
                                                                 std::string& out);

}  // namespace sluice::gateway
