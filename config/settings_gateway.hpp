#pragma once
// The sections `gateway` and `datastreams`. Defaults here are the defaults of the product; ranges
// and help texts are declared in settings_gateway.cpp.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/secret_string.hpp"

namespace sluice::config {

using std::chrono::milliseconds;

/// Limits of one HTTP listener; the reasons stand in docs/http.md.
struct http_limits {
    std::uint64_t request_line_bytes_max = 8 * 1024;
    std::uint64_t header_bytes_max = 16 * 1024;
    std::uint64_t headers_max = 100;
    std::uint64_t body_bytes_max = 1024 * 1024;
    std::uint64_t connections_max = 10'000;
    milliseconds header_timeout{10'000};    ///< first byte to end of header
    milliseconds body_timeout{30'000};      ///< end of header to end of body
    milliseconds idle_timeout{75'000};      ///< between requests of one connection
    milliseconds response_timeout{30'000};  ///< to write one response
};

struct listener_settings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    http_limits limits;
};

struct ingest_settings {
    std::uint64_t events_per_request_max = 10'000;
    std::uint64_t event_bytes_max = 1024 * 1024;
    std::uint64_t nesting_max = 64;
    std::uint64_t in_flight_bytes_max = 64ull << 20;  ///< accepted, not yet durable; then 503
    milliseconds append_timeout{5'000};               ///< until durable; then 503 (outcome unknown)
};

/// `gateway.rule_limits`: what one expression of a rule may cost to load and to evaluate.
struct rule_limit_settings {
    std::uint64_t expression_code_points_max = 100'000;
    std::uint32_t nesting_max = 250;
    std::uint32_t tree_height_max = 1'000;
    std::uint32_t loop_steps_max = 10'000;
    std::uint64_t regex_characters_max = 1'000;
    std::uint32_t regex_instructions_max = 10'000;
    std::uint64_t regex_memory_bytes_max = 8ull << 20;
    std::uint64_t value_bytes_max = 1ull << 20;
    std::uint64_t value_elements_max = 10'000;
    std::uint64_t arena_bytes_max = 8ull << 20;
    std::uint64_t cost_units_max = 1'000'000;
};

struct gateway_settings {
    listener_settings edge;
    listener_settings admin{.address = "127.0.0.1", .port = 8081, .limits = {}};
    std::uint32_t threads = 0;  ///< 0: one per processor
    std::string data_dir = "./data";
    milliseconds drain_timeout{10'000};  ///< SIGTERM to exit
    ingest_settings ingest;
    rule_limit_settings rule_limits;
    std::string log_level = "info";
    std::string log_format = "text";  ///< text or json
    std::uint64_t batch_cache_bytes_max = 64ull
                                          << 20;  ///< decoded batches at the heads of the logs
};

/// Who may post, and into which dataset.
struct datastream_settings {
    std::string dataset;  ///< required
    std::string description;
    std::optional<std::string> key;      ///< CEL over `event`: ordering key; default: none
    std::optional<std::string> id_path;  ///< dotted path of the event id; default by dialect
    std::vector<secret_string> tokens;   ///< bearer tokens; empty: open
    bool enabled = true;
};

}  // namespace sluice::config
