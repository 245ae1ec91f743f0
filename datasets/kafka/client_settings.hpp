#pragma once
// From our settings to librdkafka's: what each kind of client needs, what the operator adds under
// `options`, and what he can't undo. Pure, apart from the log callback that every client gets.

#include "config/result.hpp"
#include "config/settings_kafka.hpp"
#include "datasets/kafka/handles.hpp"

namespace sluice::datasets::kafka {

enum class client_role : std::uint8_t {
    producer,  ///< idempotent, acks of all replicas
    follower,  ///< reads the ends of many partitions
    reader,    ///< reads one older stretch at a time
    admin,     ///< topics, watermarks
    offsets,   ///< committed offsets of one group; reads nothing
    member,    ///< of the group that shares the partitions out; reads nothing
};

/// Fails with the option's name and the remedy.
[[nodiscard]] result<conf_handle> make_conf(const config::kafka_settings& settings,
                                            client_role role);

/// Takes the configuration over. `what` is used in the failure.
[[nodiscard]] result<client_handle> make_client(conf_handle conf, rd_kafka_type_t type);

/// What is known to go wrong with this version of the library and these settings; empty: nothing.
/// `version` is as rd_kafka_version() gives it.
[[nodiscard]] std::string known_trouble(const config::kafka_settings& settings, int version);

/// A number of the operator's `options`; `otherwise` when it is not there or no number, which the
/// library refuses when the first client is made.
[[nodiscard]] std::uint64_t option_of(const config::kafka_settings& settings,
                                      const std::string& name, std::uint64_t otherwise);

/// What is wrong with a broker's certificate, with the remedy. `x509_error` is OpenSSL's.
[[nodiscard]] std::string explain_certificate(int x509_error);

/// A sentence for an error of the library, with a remedy where one is known. `login_trouble` is
/// what known_trouble says: brokers call such a login wrong credentials, which it need not be.
[[nodiscard]] std::string explain(rd_kafka_resp_err_t error, const std::string& detail,
                                  std::string_view login_trouble = {});

}  // namespace sluice::datasets::kafka
