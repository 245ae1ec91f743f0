#pragma once
// TLS towards one destination: chain and host name are always verified, TLS 1.2 or newer, SNI,
// optional CA file and client certificate. Built once when the destination is made; shared by its
// connections.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>

#include "actions/http/url.hpp"
#include "actions/response_outcome.hpp"
#include "config/result.hpp"
#include "config/settings_destinations.hpp"

namespace sluice::actions {

using tls_stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

class tls_client {
public:
    /// Fails when a file can't be read or key and certificate don't belong together.
    [[nodiscard]] static result<std::unique_ptr<tls_client>> make(
        const config::tls_client_settings& settings, const url& to);

    /// A stream that knows which name the peer must prove.
    [[nodiscard]] std::unique_ptr<tls_stream> wrap(boost::asio::ip::tcp::socket& socket);
    /// What a failed handshake, or a TLS error while waiting for the answer, means.
    [[nodiscard]] attempt_result explain(boost::system::error_code ec, tls_stream& stream) const;
    /// True when the peer's handshake asked who we are.
    [[nodiscard]] static bool was_asked_for_certificate(tls_stream& stream);

private:
    tls_client(const url& to, bool verify);

    boost::asio::ssl::context context_;
    std::string host_;
    bool host_is_address_;
    bool verify_;
};

}  // namespace sluice::actions
