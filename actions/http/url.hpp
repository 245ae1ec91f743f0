#pragma once
// A destination's URL, parsed strictly: whatever two programs could read differently is refused.
// Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.hpp"

namespace sluice::actions {

struct url {
    bool tls = false;
    std::string host;              ///< lower case, no brackets
    bool host_is_address = false;  ///< canonical IPv4 or IPv6
    bool host_is_ipv6 = false;
    std::uint16_t port = 0;
    bool default_port = false;  ///< the scheme's own
    std::string path;           ///< starts with `/`
    std::string query;          ///< without `?`

    /// Value of the Host header.
    [[nodiscard]] std::string authority() const;
};

/// `hosts_allowed`: names from `allow_private`; a name that means this machine (`localhost`) must
/// be there.
[[nodiscard]] result<url> parse_url(std::string_view text,
                                    const std::vector<std::string>& hosts_allowed = {});

}  // namespace sluice::actions
