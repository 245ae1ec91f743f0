#pragma once
// Accepts connections on one thread's io_context and runs a session for each. One listener per
// thread and port (SO_REUSEPORT), so a connection never leaves its thread.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>

#include "config/result.hpp"
#include "config/settings_gateway.hpp"
#include "gateway/http/http_stats.hpp"
#include "gateway/http/router.hpp"

namespace sluice::gateway {

class listener {
public:
    virtual ~listener() = default;
    /// The port in use (when 0 was asked for).
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Stops accepting, answers what is in flight with `connection: close`, closes idle
    /// connections.
    virtual void drain() = 0;
    /// Closes everything.
    virtual void stop() = 0;
    /// Connections still open.
    [[nodiscard]] virtual std::size_t open_sessions() const = 0;
};

/// Fails when another process has the address. Asked once, before the first thread opens its
/// listener: threads share the port, and so could a second gateway without anybody noticing.
[[nodiscard]] result<void> check_address_is_free(const config::listener_settings& settings);

/// Binds and starts accepting. The failure names address, port and remedy. `routes` and `stats`
/// must outlive the listener; `stats` belongs to this thread.
[[nodiscard]] result<std::unique_ptr<listener>> open_listener(
    boost::asio::io_context& on, const config::listener_settings& settings, const router& routes,
    http_stats& stats);

}  // namespace sluice::gateway
