#include "datasets/kafka/client_settings.hpp"

#include <openssl/x509_vfy.h>
#include <spdlog/spdlog.h>

#include <array>
#include <charconv>

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

namespace {

using setting = std::pair<const char*, std::string>;
using setting_list = std::vector<setting>;

void log_line(const rd_kafka_t*, int level, const char* facility, const char* text)
{
    // Options of producers are harmless in consumers; the library would complain for each client.
    // The others each client repeats on every reconnection; our health and errors tell them once.
    const bool is_repeated =
        std::string_view(facility) == "CONFWARN" || std::string_view(facility) == "FAIL" ||
        std::string_view(facility) == "ERROR" || std::string_view(facility) == "SSLCERTVRFY";
    // syslog's levels
    if (level <= 3 && !is_repeated) {
        spdlog::warn("kafka: {}: {}", facility, text);
    } else {
        spdlog::debug("kafka: {}: {}", facility, text);
    }
}

std::string joined(const std::vector<std::string>& list)
{
    std::string out;
    for (const auto& item : list) out += (out.empty() ? "" : ",") + item;
    return out;
}

bool is_scram(const config::kafka_settings& s)
{
    using config::kafka_protocol;
    const bool has_login = s.security.protocol == kafka_protocol::sasl_plaintext ||
                           s.security.protocol == kafka_protocol::sasl_tls;
    return has_login && s.security.sasl.mechanism != config::kafka_mechanism::plain;
}

void add_security(setting_list& out, const config::kafka_security_settings& s)
{
    using config::kafka_mechanism;
    using config::kafka_protocol;
    static constexpr std::array protocols{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
    static constexpr std::array mechanisms{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
    out.emplace_back("security.protocol", protocols.at(static_cast<std::size_t>(s.protocol)));
    if (s.protocol == kafka_protocol::sasl_plaintext || s.protocol == kafka_protocol::sasl_tls) {
        out.emplace_back("sasl.mechanism",
                         mechanisms.at(static_cast<std::size_t>(s.sasl.mechanism)));
        out.emplace_back("sasl.username", s.sasl.username);
        out.emplace_back("sasl.password", s.sasl.password.reveal());
    }
    if (s.protocol == kafka_protocol::tls || s.protocol == kafka_protocol::sasl_tls) {
        if (s.tls.ca_file) out.emplace_back("ssl.ca.location", *s.tls.ca_file);
        if (s.tls.certificate_file) {
            out.emplace_back("ssl.certificate.location", *s.tls.certificate_file);
        }
        if (s.tls.key_file) out.emplace_back("ssl.key.location", *s.tls.key_file);
        if (!s.tls.key_password.empty()) {
            out.emplace_back("ssl.key.password", s.tls.key_password.reveal());
        }
    }
}

setting_list common_settings(const config::kafka_settings& s)
{
    setting_list out{
        {"bootstrap.servers", joined(s.brokers)},
        {"client.id", "sluice"},
        {"allow.auto.create.topics", "false"},
        {"socket.keepalive.enable", "true"},
        // a broker that comes back is found within the time that a client waits for its answer
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "1000"},
        {"topic.metadata.refresh.fast.interval.ms", "100"},
    };
    add_security(out, s.security);
    return out;
}

void add_for_role(setting_list& out, const config::kafka_settings& s, client_role role)
{
    switch (role) {
        case client_role::producer:
            out.emplace_back("linger.ms", "1");
            out.emplace_back("compression.codec", "lz4");
            out.emplace_back("batch.num.messages", "10000");
            out.emplace_back("queue.buffering.max.messages", "500000");
            out.emplace_back("queue.buffering.max.kbytes",
                             std::to_string(std::max<std::uint64_t>(s.queue_bytes_max / 1024, 1)));
            break;
        case client_role::follower:
        case client_role::reader:
            out.emplace_back("queued.max.messages.kbytes",
                             role == client_role::reader ? "2048" : "1024");
            out.emplace_back("fetch.max.bytes", "4194304");
            out.emplace_back("fetch.message.max.bytes", "1048576");
            out.emplace_back("fetch.error.backoff.ms", "100");
            break;
        case client_role::offsets:
            // a commit to a broker that says nothing is over before who waits gives up
            out.emplace_back("socket.timeout.ms", "5000");
            break;
        case client_role::admin:
        case client_role::member:
            break;
    }
}

/// Set after the operator's options: without these nothing the gateway promises would hold.
setting_list enforced_settings(const config::kafka_settings& s, client_role role)
{
    setting_list out;
    if (role == client_role::producer) {
        out.emplace_back("enable.idempotence", "true");
        out.emplace_back("acks", "all");
        out.emplace_back("message.timeout.ms", std::to_string(s.produce_timeout.count()));
    }
    if (role == client_role::follower || role == client_role::reader) {
        out.emplace_back("auto.offset.reset", "error");
        out.emplace_back("enable.partition.eof", "true");
        out.emplace_back("enable.auto.commit", "false");
    }
    if (role == client_role::offsets) {
        out.emplace_back("enable.auto.commit", "false");
        out.emplace_back("session.timeout.ms",
                         "6000");  // how long a commit waits for a coordinator
    }
    if (role == client_role::member) {
        const auto session = s.session_timeout.count();
        out.emplace_back("group.id", s.group);
        out.emplace_back("partition.assignment.strategy", "cooperative-sticky");
        out.emplace_back("enable.auto.commit", "false");
        out.emplace_back("enable.auto.offset.store", "false");
        out.emplace_back("session.timeout.ms", std::to_string(session));
        out.emplace_back("heartbeat.interval.ms",
                         std::to_string(std::clamp<std::int64_t>(session / 4, 50, 1'000)));
        out.emplace_back("max.poll.interval.ms",
                         std::to_string(std::max<std::int64_t>(3 * session, 30'000)));
        out.emplace_back("queued.max.messages.kbytes", "16");
    }
    return out;
}

std::optional<failure> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value)
{
    std::array<char, 512> text{};
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) ==
        RD_KAFKA_CONF_OK) {
        return std::nullopt;
    }
    std::string why = text.data();
    // the library quotes the value, which may be a secret
    for (auto at = why.find(value); !value.empty() && at != std::string::npos;
         at = why.find(value, at + 3)) {
        why.replace(at, value.size(), "***");
    }
    return failure{make_error_code(log_errc::io),
                   fmt::format("kafka option \"{}\" can't be set: {}; the options are those of "
                               "librdkafka {}",
                               name, why, rd_kafka_version_str())};
}

}  // namespace

result<conf_handle> make_conf(const config::kafka_settings& settings, client_role role)
{
    conf_handle conf(rd_kafka_conf_new());
    rd_kafka_conf_set_log_cb(conf.get(), log_line);
    auto list = common_settings(settings);
    add_for_role(list, settings, role);
    for (const auto& [name, value] : list) {
        if (auto bad = set(conf.get(), name, value)) return std::move(*bad);
    }
    for (const auto& [name, value] : settings.options) {
        if (auto why = config::refusal_of_kafka_option(name); !why.empty()) {
            return failure{make_error_code(log_errc::io),
                           fmt::format("kafka option \"{}\": {}", name, why)};
        }
        if (auto bad = set(conf.get(), name, std::string(value.reveal()))) return std::move(*bad);
    }
    for (const auto& [name, value] : enforced_settings(settings, role)) {
        if (auto bad = set(conf.get(), name, value)) return std::move(*bad);
    }
    return conf;
}

std::uint64_t option_of(const config::kafka_settings& settings, const std::string& name,
                        std::uint64_t otherwise)
{
    const auto found = settings.options.find(name);
    if (found == settings.options.end()) return otherwise;
    std::uint64_t number = 0;
    const auto text = found->second.reveal();
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc() ? number : otherwise;
}

result<client_handle> make_client(conf_handle conf, rd_kafka_type_t type)
{
    std::array<char, 512> text{};
    client_handle client(rd_kafka_new(type, conf.get(), text.data(), text.size()));
    if (!client) {
        return failure{
            make_error_code(log_errc::io),
            fmt::format("the Kafka client can't start: {}; see the section `kafka`", text.data())};
    }
    (void)conf.release();  // the client owns it now
    return client;
}

std::string known_trouble(const config::kafka_settings& settings, int version)
{
    constexpr int scram_mended = 0x020601ff;
    if (!is_scram(settings) || version >= scram_mended) return {};
    return "SCRAM logins of librdkafka before 2.6.1 are refused by current brokers, and this is " +
           std::string(rd_kafka_version_str()) +
           ": get a newer one with `make deps-kafka` (elsewhere: put its librdkafka.so.1 first in "
           "LD_LIBRARY_PATH, its interface is the same) or use `mechanism: plain` over TLS";
}

std::string explain_certificate(int x509_error)
{
    switch (x509_error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the broker's certificate, or that of its authority, has expired: renew it";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the broker's certificate is not valid yet: check the clocks of both machines";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "the broker's certificate is for another name: it has to hold the names in "
                   "`brokers` and those that the brokers advertise, as subject alternative names";
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return fmt::format(
                "the broker's certificate comes from an unknown authority ({}): put the "
                "authority's certificate into `security.tls.ca_file`",
                X509_verify_cert_error_string(x509_error));
        default:
            return fmt::format("the broker's certificate is not good: {}",
                               X509_verify_cert_error_string(x509_error));
    }
}

namespace {

/// A broker that wants another certificate than ours says so in an alert of TLS.
bool refuses_our_certificate(std::string_view text)
{
    constexpr std::array alerts{"alert certificate required", "alert bad certificate",
                                "alert certificate unknown",  "alert unknown ca",
                                "alert certificate expired",  "alert unsupported certificate",
                                "alert certificate revoked"};
    return std::any_of(alerts.begin(), alerts.end(), [text](const char* alert) {
        return text.find(alert) != std::string_view::npos;
    });
}

}  // namespace

std::string explain(rd_kafka_resp_err_t error, const std::string& detail,
                    std::string_view login_trouble)
{
    if (refuses_our_certificate(detail)) {
        return detail +
               " (the broker does not accept this gateway's certificate: set "
               "`security.tls.certificate_file` and `key_file` to one that its authority has "
               "signed and that has not expired)";
    }
    std::string_view remedy;
    switch (error) {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
            remedy =
                "grant this user Read, Write, Create, Describe and DescribeConfigs on topics "
                "with `topic_prefix`";
            break;
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            remedy =
                "grant this user Read and Describe on `group` and on groups with "
                "`topic_prefix`";
            break;
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            remedy = "grant this user IdempotentWrite (and Create for new topics) on the cluster";
            break;
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
            remedy = login_trouble.empty() ? "check `security.sasl`: mechanism, user and password"
                                           : login_trouble;
            break;
        case RD_KAFKA_RESP_ERR__SSL:
            remedy = "check `security.tls`: certificate authority, names and dates of certificates";
            break;
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        case RD_KAFKA_RESP_ERR__RESOLVE:
        case RD_KAFKA_RESP_ERR__TIMED_OUT:
        case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
            remedy = "check that `brokers` can be reached from here and are up";
            break;
        case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
        case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
            remedy =
                "fewer replicas are in sync than `min.insync.replicas` asks for: bring the "
                "brokers back";
            break;
        case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
            remedy = "correct it in `topic_options`";
            break;
        case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
            remedy =
                "the cluster's policy for new topics forbids it: see `topic_options`, "
                "`partitions` and `replication`, or make the topic by hand";
            break;
        case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
            remedy = "`replication` is larger than the number of brokers";
            break;
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
            remedy =
                "raise `message.max.bytes` under `options` and `max.message.bytes` of the "
                "topic";
            break;
        default:
            break;
    }
    auto out = detail.empty() ? std::string(rd_kafka_err2str(error)) : detail;
    if (!remedy.empty()) out += fmt::format(" ({})", remedy);
    return out;
}

}  // namespace sluice::datasets::kafka
