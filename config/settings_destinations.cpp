// Tabular: the declarations of these settings; how they are read stands in schema/.
#include "config/settings_destinations.hpp"

#include <algorithm>
#include <cctype>

#include "config/schema/declarations.hpp"

namespace sluice::config {
namespace {

/// What is wrong with the URL of a destination, or empty. Rough: actions/ parses it in full.
std::string url_problem(std::string_view url)
{
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) return "has no scheme";
    const std::string_view scheme = url.substr(0, colon);
    if (scheme != "http" && scheme != "https") {
        return fmt::format("has the scheme '{}'", scheme);
    }
    const auto is_bad = [](unsigned char c) { return c <= 0x20 || c >= 0x7F || c == '\\'; };
    if (std::any_of(url.begin(), url.end(), is_bad))
        return "contains a blank or a non-ASCII character";
    if (url.find_first_of("?#") != std::string_view::npos) return "contains a query or fragment";
    std::string_view authority = url.substr(colon + 3);
    authority = authority.substr(0, authority.find('/'));
    if (authority.find('@') != std::string_view::npos) return "contains credentials";
    const auto bracket = authority.rfind(']');
    const auto port_at = authority.find(':', bracket == authority.npos ? 0 : bracket);
    const std::string_view host = authority.substr(0, port_at);
    if (host.empty()) return "has no host";
    if (port_at == std::string_view::npos) return {};
    const std::string_view port = authority.substr(port_at + 1);
    const bool is_number = !port.empty() && port.size() <= 5 &&
                           port.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_number || std::stoul(std::string(port)) - 1 > 65'534) {
        return fmt::format("has the port '{}'", port);
    }
    return {};
}

bool is_header_name(std::string_view name)
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                                      std::string_view::npos;
    });
}

void check_headers(binding& in, const node& value, const destination_settings& destination)
{
    const node* headers = value.find("headers");
    if (headers == nullptr) return;
    const binding::step inside(in, "headers", true);
    for (const auto& [name, secret] : destination.headers) {
        const node* key = headers->find_key(name);
        if (key == nullptr) continue;
        if (!is_header_name(name)) {
            in.error(key->where, fmt::format("has the name '{}', no valid header name", name),
                     "use letters, digits and '-'");
        }
        if (secret.reveal().find_first_of(std::string_view("\r\n\0", 3)) !=
            std::string_view::npos) {
            in.error(key->where, fmt::format("has a line break or NUL in the value of '{}'", name),
                     "remove it; a header is one line");
        }
    }
}

void check_destination(binding& in, const node& value, const destination_settings& destination)
{
    if (value.find("url") != nullptr) {
        const std::string problem = url_problem(destination.url);
        if (!problem.empty()) {
            in.error_at(value, "url", problem,
                        "write https://host[:port][/path]; credentials belong into 'auth', a query "
                        "into the "
                        "rule's request");
        }
    }
    check_headers(in, value, destination);
}

void check_auth(binding& in, const node& value, const auth_settings& auth)
{
    const auto needs = [&](std::string_view key) {
        if (value.find(key) != nullptr) return;
        in.error(value.where, fmt::format("needs the key '{}' for this kind", key),
                 "give it as ${env:NAME} or ${file:PATH}, or set another kind");
    };
    switch (auth.kind) {
        case auth_kind::none:
            break;
        case auth_kind::basic:
            needs("username");
            needs("password");
            break;
        case auth_kind::bearer:
            needs("token");
            break;
        case auth_kind::api_key:
            needs("key");
            break;
    }
    if (auth.kind == auth_kind::none && !value.members.empty() && value.find("kind") == nullptr) {
        in.error(value.where, "has credentials but no kind",
                 "add 'kind: basic', 'kind: bearer' or 'kind: api_key'");
    }
    if (!is_header_name(auth.header)) {
        in.error_at(value, "header", fmt::format("is '{}', no valid header name", auth.header));
    }
}

void check_tls(binding& in, const node& value, const tls_client_settings& tls)
{
    if (tls.certificate_file.has_value() == tls.key_file.has_value()) return;
    in.error(value.where, "needs certificate_file and key_file together",
             "a client certificate has a private key; remove one or add the other");
}

void check_retry(binding& in, const node& value, const retry_settings& retry)
{
    if (retry.backoff_min <= retry.backoff_max) return;
    in.error_at(value, "backoff_min", "is longer than backoff_max",
                "lower it or raise backoff_max");
}

void check_circuit(binding& in, const node& value, const circuit_settings& circuit)
{
    if (circuit.open_for <= circuit.open_for_max) return;
    in.error_at(value, "open_for", "is longer than open_for_max", "lower it or raise open_for_max");
}

void check_signing(binding& in, const node& value, const signing_settings& signing)
{
    const node* secrets = value.find("secrets");
    for (std::size_t i = 0; i < signing.secrets.size(); ++i) {
        const bool is_good = signing.secrets[i].reveal().starts_with("whsec_");
        if (is_good || secrets == nullptr || i >= secrets->items.size()) continue;
        const binding::step inside(in, fmt::format("secrets[{}]", i), true);
        in.error(secrets->items[i].where, "does not begin with 'whsec_'",
                 "make one with: echo whsec_$(openssl rand -base64 32)");
    }
}

}  // namespace

template <>
const std::vector<std::string_view>& choices_of<auth_kind>()
{
    static const std::vector<std::string_view> names{"none", "basic", "bearer", "api_key"};
    return names;
}

template <>
const object_shape& schema_of<retry_settings>()
{
    using r = retry_settings;
    static const object_shape shape =
        object_schema<r>("retry")
            .field("inline_attempts_max", &r::inline_attempts_max,
                   {.help = "Attempts inside the lane before the event goes to the retry log",
                    .min = 1,
                    .max = 100})
            .field("backoff_min", &r::backoff_min,
                   {.help = "First wait between inline attempts; it doubles, with jitter",
                    .min = 1,
                    .max = hours})
            .field("backoff_max", &r::backoff_max,
                   {.help = "Longest wait between inline attempts", .min = 1, .max = hours})
            .field("inline_budget", &r::inline_budget,
                   {.help = "Total time of the inline attempts", .min = 0, .max = hours})
            .field("schedule", &r::schedule,
                   {.help = "Waits in the retry log; after the last one the event is dead",
                    .min = 100,
                    .max = 30 * days})
            .field("retry_after_max", &r::retry_after_max,
                   {.help = "A larger Retry-After of the receiver is cut to this",
                    .min = seconds,
                    .max = 7 * days})
            .check(check_retry)
            .build();
    return shape;
}

template <>
const object_shape& schema_of<circuit_settings>()
{
    using c = circuit_settings;
    static const object_shape shape =
        object_schema<c>("circuit")
            .field("failures_to_open", &c::failures_to_open,
                   {.help = "Failures in a row after which the lane pauses",
                    .min = 1,
                    .max = 1'000'000})
            .field("open_for", &c::open_for,
                   {.help = "First pause before a probe", .min = 10, .max = days})
            .field(
                "open_for_max", &c::open_for_max,
                {.help = "The pause doubles up to this while probes fail", .min = 10, .max = days})
            .check(check_circuit)
            .build();
    return shape;
}

template <>
const object_shape& schema_of<tls_client_settings>()
{
    using t = tls_client_settings;
    static const object_shape shape =
        object_schema<t>("tls")
            .field("ca_file", &t::ca_file,
                   {.help = "PEM file of the authorities to trust instead of the system's"})
            .field("certificate_file", &t::certificate_file,
                   {.help = "PEM file of the client certificate"})
            .field("key_file", &t::key_file, {.help = "PEM file of its private key"})
            .field("dangerous_disable_tls_verification", &t::dangerous_disable_tls_verification,
                   {.help = "true: anybody can read and forge the traffic; for tests only"})
            .check(check_tls)
            .build();
    return shape;
}

template <>
const object_shape& schema_of<auth_settings>()
{
    using a = auth_settings;
    static const object_shape shape =
        object_schema<a>("auth")
            .field("kind", &a::kind, {.help = "How requests are authenticated"})
            .field("username", &a::username, {.help = "basic: user name"})
            .field("password", &a::password,
                   {.help = "basic: password", .example = "${env:CRM_PASSWORD}"})
            .field("token", &a::token,
                   {.help = "bearer: token", .example = "${file:/run/secrets/crm}"})
            .field("header", &a::header, {.help = "api_key: header that carries the key"})
            .field("key", &a::key, {.help = "api_key: the key", .example = "${env:CRM_KEY}"})
            .check(check_auth)
            .build();
    return shape;
}

template <>
const object_shape& schema_of<signing_settings>()
{
    static const object_shape shape =
        object_schema<signing_settings>("signing")
            .field("secrets", &signing_settings::secrets,
                   {.help = "Standard Webhooks secrets (whsec_…); one signature each, so they can "
                            "be rotated",
                    .example = "[\"${env:CRM_SIGNING_SECRET}\"]"})
            .check(check_signing)
            .build();
    return shape;
}

template <>
const object_shape& schema_of<destination_settings>()
{
    using d = destination_settings;
    static const object_shape shape =
        object_schema<d>("destination")
            .field("url", &d::url,
                   {.help = "Base URL of the receiver; rules append their path",
                    .required = true,
                    .example = "https://crm.example.com/v2"})
            .field("description", &d::description, {.help = "For people"})
            .field("enabled", &d::enabled,
                   {.help = "false: the lane pauses, events wait in the dataset"})
            .field("headers", &d::headers,
                   {.help = "Sent with every request", .plain_secret = true})
            .field("auth", &d::auth, {.help = "Credentials"})
            .field("signing", &d::signing, {.help = "Signature over id, timestamp and body"})
            .field("tls", &d::tls, {.help = "Certificates for https"})
            .field("timeout", &d::timeout,
                   {.help = "One attempt, from connect to the last byte", .min = 10, .max = hours})
            .field("connect_timeout", &d::connect_timeout,
                   {.help = "Connect and TLS handshake", .min = 10, .max = 10 * minutes})
            .field("connections_max", &d::connections_max,
                   {.help = "Open connections to the receiver", .min = 1, .max = 10'000})
            .field(
                "in_flight_max", &d::in_flight_max,
                {.help = "Events of the lane that are being delivered", .min = 1, .max = 100'000})
            .field("requests_per_second", &d::requests_per_second,
                   {.help = "Throttle; without it there is none",
                    .min = 0.001,
                    .max = 1e6,
                    .example = "50"})
            .field("ordered", &d::ordered,
                   {.help = "true: events with the same key are delivered one after the other"})
            .field("allow_private", &d::allow_private,
                   {.help = "Private networks and hosts that may be reached all the same",
                    .example = "[127.0.0.0/8, crm.internal]"})
            .field("allow_ports", &d::allow_ports,
                   {.help = "Ports besides 80, 443 and the one in the URL", .min = 1})
            .field("response_bytes_max", &d::response_bytes_max,
                   {.help = "What is read of an answer",
                    .min = kib,
                    .max = 64 * mib,
                    .is_bytes = true})
            .field("retry", &d::retry, {.help = "What happens after a failed attempt"})
            .field("circuit", &d::circuit, {.help = "When the lane pauses"})
            .field("fail_when", &d::fail_when,
                   {.help = "CEL over `response`: a success that counts as failure",
                    .example = "response.body.ok == false"})
            .field("retry_when", &d::retry_when,
                   {.help = "CEL over `response`: a failure that is worth a retry",
                    .example = "response.status == 409"})
            .check(check_destination)
            .build();
    return shape;
}

}  // namespace sluice::config
