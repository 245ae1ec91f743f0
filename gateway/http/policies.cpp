#include "gateway/http/policies.hpp"

#include <array>

#include "gateway/http/policy_content_coding.hpp"
#include "gateway/http/policy_request_id.hpp"

namespace sluice::gateway {
namespace {

constexpr std::array ordered{
    policy{"request_id", policy_stage::head, assign_request_id,
           "first: every later refusal names the request"},
    policy{"content_coding", policy_stage::head, check_content_coding,
           "before the body: a coding we lack is refused before it is sent"},
    policy{"decompression", policy_stage::body, decompress_body,
           "last: what endpoints see is bounded, decoded bytes"},
};

}  // namespace

std::span<const policy> policy_list() noexcept
{
    return ordered;
}

bool apply_policies(policy_stage stage, policy_context& context, http_response& instead)
{
    for (const auto& each : ordered) {
        if (each.stage == stage && !each.apply(context, instead)) return false;
    }
    return true;
}

}  // namespace sluice::gateway
