#pragma once
// The section `destinations`: REST receivers, each served by a lane of its own.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/secret_string.hpp"

namespace sluice::config {

using std::chrono::milliseconds;

struct retry_settings {
    std::uint32_t inline_attempts_max = 3;  ///< inside the lane, before the retry log
    milliseconds backoff_min{200};
    milliseconds backoff_max{10'000};
    milliseconds inline_budget{15'000};  ///< total time of the inline attempts
    std::vector<milliseconds> schedule{
        milliseconds{30'000}, milliseconds{120'000}, milliseconds{600'000}, milliseconds{3'600'000},
        milliseconds{21'600'000}};            ///< waits in the retry log, then dead
    milliseconds retry_after_max{3'600'000};  ///< a larger Retry-After is cut to this
};

struct circuit_settings {
    std::uint32_t failures_to_open = 10;  ///< in a row
    milliseconds open_for{5'000};
    milliseconds open_for_max{300'000};  ///< doubles up to this while probes fail
};

struct tls_client_settings {
    std::optional<std::string> ca_file;
    std::optional<std::string> certificate_file;
    std::optional<std::string> key_file;
    bool dangerous_disable_tls_verification = false;
};

enum class auth_kind : std::uint8_t { none, basic, bearer, api_key };

struct auth_settings {
    auth_kind kind = auth_kind::none;
    std::string username;
    secret_string password;
    secret_string token;
    std::string header = "x-api-key";
    secret_string key;
};

/// Standard Webhooks signature over id, timestamp and body.
struct signing_settings {
    std::vector<secret_string> secrets;  ///< `whsec_…`; the first signs, all are sent
};

struct destination_settings {
    std::string url;  ///< required: scheme, host, port, path prefix
    std::string description;
    bool enabled = true;
    std::map<std::string, secret_string>
        headers;  ///< sent with every request; values may be secrets
    auth_settings auth;
    signing_settings signing;
    tls_client_settings tls;
    milliseconds timeout{10'000};  ///< of one attempt, connect to last byte
    milliseconds connect_timeout{3'000};
    std::uint32_t connections_max = 16;
    std::uint32_t in_flight_max = 64;           ///< the lane's window, in events
    std::optional<double> requests_per_second;  ///< throttle
    bool ordered = false;                       ///< per ordering key
    std::vector<std::string> allow_private;     ///< networks and hosts the guard lets through
    std::vector<std::uint16_t> allow_ports;     ///< besides 80, 443 and the one in `url`
    std::uint64_t response_bytes_max = 64 * 1024;
    retry_settings retry;
    circuit_settings circuit;
    std::optional<std::string> fail_when;  ///< CEL over `response`
    std::optional<std::string> retry_when;
};

}  // namespace sluice::config
