#pragma once
// All declared structs and enums in one view. The declarations themselves stand beside the structs:
// settings_gateway.cpp, settings_datasets.cpp, settings_destinations.cpp, settings_exports.cpp,
// settings_kafka.cpp, settings.cpp.

#include "config/schema/schema.hpp"
#include "config/settings.hpp"

namespace sluice::config {

template <>
const object_shape& schema_of<http_limits>();
template <>
const object_shape& schema_of<listener_settings>();
template <>
const object_shape& schema_of<ingest_settings>();
template <>
const object_shape& schema_of<rule_limit_settings>();
template <>
const object_shape& schema_of<datastream_settings>();
template <>
const object_shape& schema_of<retention_settings>();
template <>
const object_shape& schema_of<dataset_settings>();
template <>
const object_shape& schema_of<embedded_settings>();
template <>
const object_shape& schema_of<kafka_sasl_settings>();
template <>
const object_shape& schema_of<kafka_tls_settings>();
template <>
const object_shape& schema_of<kafka_security_settings>();
template <>
const object_shape& schema_of<kafka_spool_settings>();
template <>
const object_shape& schema_of<kafka_settings>();
template <>
const object_shape& schema_of<retry_settings>();
template <>
const object_shape& schema_of<circuit_settings>();
template <>
const object_shape& schema_of<tls_client_settings>();
template <>
const object_shape& schema_of<auth_settings>();
template <>
const object_shape& schema_of<signing_settings>();
template <>
const object_shape& schema_of<destination_settings>();
template <>
const object_shape& schema_of<manifest_settings>();
template <>
const object_shape& schema_of<export_settings>();
/// The whole configuration: its fields are the top-level sections.
template <>
const object_shape& schema_of<settings>();

template <>
const std::vector<std::string_view>& choices_of<fsync_mode>();
template <>
const std::vector<std::string_view>& choices_of<kafka_protocol>();
template <>
const std::vector<std::string_view>& choices_of<kafka_mechanism>();
template <>
const std::vector<std::string_view>& choices_of<auth_kind>();
template <>
const std::vector<std::string_view>& choices_of<export_format>();
template <>
const std::vector<std::string_view>& choices_of<export_compression>();

/// The section `gateway`: gateway_settings and, as `store`, embedded_settings; its object is a
/// `settings`.
[[nodiscard]] const object_shape& gateway_section();

// Units for ranges: a duration's range is given in milliseconds, a size's in bytes.
inline constexpr double seconds = 1'000;
inline constexpr double minutes = 60 * seconds;
inline constexpr double hours = 60 * minutes;
inline constexpr double days = 24 * hours;
inline constexpr double kib = 1024;
inline constexpr double mib = 1024 * kib;
inline constexpr double gib = 1024 * mib;

}  // namespace sluice::config
