#pragma once
// SSRF guard: judges the address that is about to be dialled, never a name. Pure; anything that is
// not plainly public is refused unless the destination's `allow_private` lets it through.

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.hpp"

namespace sluice::actions {

struct guard_verdict {
    bool allowed = false;
    std::string_view refused_as;  ///< class of the address, static text; empty when allowed
};

class destination_guard {
public:
    /// `allow_private` holds networks (`10.2.0.0/16`, `::1`) and host names; `ports` besides 80 and
    /// 443.
    [[nodiscard]] static result<destination_guard> make(
        const std::vector<std::string>& allow_private, std::vector<std::uint16_t> ports,
        std::vector<boost::asio::ip::address> own_addresses = {});

    /// `host`: the name the operator wrote, only looked up among the hosts the operator also
    /// allowed.
    [[nodiscard]] guard_verdict judge(const boost::asio::ip::address& address, std::uint16_t port,
                                      std::string_view host = {}) const;
    [[nodiscard]] const std::vector<std::string>& hosts() const noexcept { return hosts_; }

private:
    struct network {
        boost::asio::ip::address base;
        unsigned prefix = 0;
    };

    std::vector<network> networks_;
    std::vector<std::string> hosts_;
    std::vector<std::uint16_t> ports_;
    std::vector<boost::asio::ip::address> own_;
};

/// Addresses of this machine's interfaces.
[[nodiscard]] std::vector<boost::asio::ip::address> interface_addresses();

}  // namespace sluice::actions
