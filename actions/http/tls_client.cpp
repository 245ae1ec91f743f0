#include "actions/http/tls_client.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>

namespace sluice::actions {
namespace {

namespace ssl = boost::asio::ssl;

failure file_failure(boost::system::error_code ec, std::string_view setting, std::string_view path)
{
    return failure{ec,
                   fmt::format("`tls.{}`: the file {} can't be used ({}); it must be a readable "
                               "PEM file",
                               setting, path, ec.message())};
}

/// TLS alerts and errors that speak of the set-up, not of the line: waiting won't heal them.
bool is_about_trust(int reason)
{
    constexpr std::array reasons{
        SSL_R_CERTIFICATE_VERIFY_FAILED,
        SSL_R_UNSUPPORTED_PROTOCOL,
        SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
        SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
        SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
        SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
        SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
        SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
        SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
        SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
        SSL_R_TLSV1_ALERT_UNKNOWN_CA,
        SSL_R_TLSV1_ALERT_ACCESS_DENIED,
        SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY,
        SSL_R_TLSV1_UNRECOGNIZED_NAME,
        SSL_R_DH_KEY_TOO_SMALL,
        SSL_R_EE_KEY_TOO_SMALL,
        SSL_R_CA_KEY_TOO_SMALL,
        SSL_R_CA_MD_TOO_WEAK,
        SSL_R_WRONG_SIGNATURE_TYPE,
        SSL_R_NO_PROTOCOLS_AVAILABLE,
    };
    return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

boost::system::error_code use_ca(ssl::context& context, const std::optional<std::string>& ca_file)
{
    boost::system::error_code ec;
    if (ca_file) {
        context.load_verify_file(*ca_file, ec);
    } else {
        context.set_default_verify_paths(ec);
    }
    return ec;
}

}  // namespace

tls_client::tls_client(const url& to, bool verify)
    : context_(ssl::context::tls_client),
      host_(to.host),
      host_is_address_(to.host_is_address),
      verify_(verify)
{
}

result<std::unique_ptr<tls_client>> tls_client::make(const config::tls_client_settings& settings,
                                                     const url& to)
{
    std::unique_ptr<tls_client> client(
        new tls_client(to, !settings.dangerous_disable_tls_verification));
    SSL_CTX* const raw = client->context_.native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    // Level 2 refuses RSA below 2048 bits and SHA-1 signatures, whatever the system's default is.
    SSL_CTX_set_security_level(raw, 2);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    if (auto ec = use_ca(client->context_, settings.ca_file)) {
        return file_failure(ec, "ca_file", settings.ca_file.value_or("of the system"));
    }
    if (settings.certificate_file.has_value() != settings.key_file.has_value()) {
        return failure{
            make_error_code(boost::system::errc::invalid_argument),
            "`tls.certificate_file` and `tls.key_file` belong together; set both or none"};
    }
    if (settings.certificate_file) {
        boost::system::error_code ec;
        client->context_.use_certificate_chain_file(*settings.certificate_file, ec);
        if (ec) return file_failure(ec, "certificate_file", *settings.certificate_file);
        client->context_.use_private_key_file(*settings.key_file, ssl::context::pem, ec);
        if (ec) return file_failure(ec, "key_file", *settings.key_file);
        if (SSL_CTX_check_private_key(raw) != 1) {
            return failure{make_error_code(boost::system::errc::invalid_argument),
                           "`tls.key_file` is not the key of `tls.certificate_file`"};
        }
    }
    client->context_.set_verify_mode(client->verify_ ? ssl::verify_peer : ssl::verify_none);
    return client;
}

namespace {

/// Where a connection remembers that it was asked for a certificate.
int asked_index()
{
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

int remember_asked(SSL* connection, void* mark)
{
    SSL_set_ex_data(connection, asked_index(), mark);
    return 1;
}

}  // namespace

bool tls_client::was_asked_for_certificate(tls_stream& stream)
{
    return SSL_get_ex_data(stream.native_handle(), asked_index()) != nullptr;
}

std::unique_ptr<tls_stream> tls_client::wrap(boost::asio::ip::tcp::socket& socket)
{
    auto stream = std::make_unique<tls_stream>(socket, context_);
    SSL* const raw = stream->native_handle();
    SSL_set_cert_cb(raw, remember_asked, this);
    constexpr std::array<unsigned char, 9> alpn{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_set_alpn_protos(raw, alpn.data(), alpn.size());
    X509_VERIFY_PARAM* const rules = SSL_get0_param(raw);
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (host_is_address_) {
        X509_VERIFY_PARAM_set1_ip_asc(rules, host_.c_str());
    } else {
        SSL_set_tlsext_host_name(raw, host_.c_str());
        X509_VERIFY_PARAM_set1_host(rules, host_.data(), host_.size());
    }
    return stream;
}

attempt_result tls_client::explain(boost::system::error_code ec, tls_stream& stream) const
{
    attempt_result found;
    const long verified = SSL_get_verify_result(stream.native_handle());
    if (verify_ && verified != X509_V_OK) {
        found.cause = attempt_cause::tls_untrusted;
        found.detail = fmt::format(
            "the certificate of {} is not trusted: {}; check the host name, the "
            "certificate and `tls.ca_file`",
            host_, X509_verify_cert_error_string(verified));
        return found;
    }
    const bool from_tls = ec.category() == boost::asio::error::get_ssl_category();
    const int reason = from_tls ? ERR_GET_REASON(static_cast<unsigned long>(ec.value())) : 0;
    found.cause = from_tls && is_about_trust(reason) ? attempt_cause::tls_untrusted
                                                     : attempt_cause::tls_failed;
    found.detail = fmt::format("the TLS handshake with {} failed: {}", host_, ec.message());
    return found;
}

}  // namespace sluice::actions
