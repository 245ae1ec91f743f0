#pragma once
// `gateway.kafka`: the cluster that all datasets with `engine: kafka` live on, and how this gateway
// talks to it. Declared in settings_kafka.cpp.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/secret_string.hpp"

namespace sluice::config {

struct settings;

enum class kafka_protocol : std::uint8_t { plaintext, tls, sasl_plaintext, sasl_tls };
enum class kafka_mechanism : std::uint8_t { plain, scram_sha_256, scram_sha_512 };

struct kafka_sasl_settings {
    kafka_mechanism mechanism = kafka_mechanism::plain;
    std::string username;
    secret_string password;
};

struct kafka_tls_settings {
    std::optional<std::string> ca_file;
    std::optional<std::string> certificate_file;
    std::optional<std::string> key_file;
    secret_string key_password;
};

struct kafka_security_settings {
    kafka_protocol protocol = kafka_protocol::plaintext;
    kafka_sasl_settings sasl;
    kafka_tls_settings tls;
};

/// Events wait in the embedded log while the cluster can't be reached, instead of a 503.
struct kafka_spool_settings {
    bool enabled = false;
    std::uint64_t bytes_max = 10ull << 30;  ///< of events that wait; then 503
};

struct kafka_settings {
    std::vector<std::string> brokers;        ///< host:port, to find the cluster by
    std::string topic_prefix = "sluice.";    ///< topic = prefix + dataset
    std::string group = "sluice";            ///< gateways of one group share the partitions
    std::optional<std::uint32_t> replication;  ///< of new topics; absent: the broker's default
    std::chrono::milliseconds produce_timeout{5'000};   ///< append to report; then refused
    std::chrono::milliseconds session_timeout{10'000};  ///< silence before others take over
    std::uint32_t readers = 4;                          ///< consumers that lanes read through
    std::uint64_t queue_bytes_max = 64ull << 20;        ///< appends without a report; then 503
    kafka_security_settings security;
    kafka_spool_settings spool;
    std::map<std::string, secret_string> options;      ///< of librdkafka, passed on as they are
    std::map<std::string, std::string> topic_options;  ///< of new topics, passed on as they are
};

/// All datasets of a gateway use one engine; true when it is Kafka.
[[nodiscard]] bool uses_kafka(const settings& all);

/// Why this option of librdkafka can't be set, and what to do instead; empty: it can.
[[nodiscard]] std::string refusal_of_kafka_option(const std::string& name);

}  // namespace sluice::config
