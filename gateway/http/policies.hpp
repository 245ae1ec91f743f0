#pragma once
// What every request passes on its way to the endpoint: one ordered list, one file per policy. A
// policy decides from the request alone and never waits. Runs on the session's thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/settings_gateway.hpp"
#include "gateway/http/message.hpp"

namespace sluice::gateway {

/// Ids that differ within a process and, most likely, between processes. One per thread.
class request_id_source {
public:
    explicit request_id_source(std::uint64_t seed) : state_(seed) {}
    /// Replaces `out` by 24 hexadecimal digits.
    void next(std::string& out);

private:
    std::uint64_t state_;
};

struct policy_context {
    http_request& request;
    const config::http_limits& limits;
    request_id_source& ids;
    std::string& request_id;  ///< what request.request_id views
    std::string& inflated;    ///< what request.body views after decompression
};

enum class policy_stage : std::uint8_t {
    head,  ///< before the body is read: what it refuses costs the client no upload
    body,  ///< body complete
};

struct policy {
    std::string_view name;
    policy_stage stage;
    /// False: `instead` is the answer and the endpoint is not asked.
    bool (*apply)(policy_context& context, http_response& instead);
    std::string_view reason;  ///< why it stands at this place of the list
};

[[nodiscard]] std::span<const policy> policy_list() noexcept;

/// Runs the policies of one stage in order, up to the first that answers.
[[nodiscard]] bool apply_policies(policy_stage stage, policy_context& context,
                                  http_response& instead);

}  // namespace sluice::gateway
