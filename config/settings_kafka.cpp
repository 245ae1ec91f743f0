// Tabular: the declarations of these settings; how they are read stands in schema/.
#include "config/settings_kafka.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/schema/declarations.hpp"

namespace sluice::config {
namespace {

struct kept_option {
    std::string_view name;
    std::string_view why;
};

/// Options that decide about durability, ownership and memory, or that have a setting of their own.
constexpr std::array kept_options{
    kept_option{"acks", "a 2xx means that all in-sync replicas have the event"},
    kept_option{"request.required.acks", "a 2xx means that all in-sync replicas have the event"},
    kept_option{"enable.idempotence", "without it a retry would double events or reorder them"},
    kept_option{"enable.gapless.guarantee", "it would stop the producer after the first failure"},
    kept_option{"transactional.id", "events are acknowledged one by one, not by transactions"},
    kept_option{"max.in.flight", "idempotence sets it"},
    kept_option{"max.in.flight.requests.per.connection", "idempotence sets it"},
    kept_option{"retries", "retries end with produce_timeout: set that"},
    kept_option{"message.send.max.retries", "retries end with produce_timeout: set that"},
    kept_option{"message.timeout.ms", "it follows produce_timeout: set that"},
    kept_option{"delivery.timeout.ms", "it follows produce_timeout: set that"},
    kept_option{"queuing.strategy", "the order of events depends on it"},
    kept_option{"partitioner", "the gateway picks the partition by the ordering key"},
    kept_option{"bootstrap.servers", "it is the setting brokers"},
    kept_option{"metadata.broker.list", "it is the setting brokers"},
    kept_option{"group.id", "it is the setting group"},
    kept_option{"group.instance.id", "gateways are told apart by the cluster"},
    kept_option{"group.protocol", "ownership is handed over by the cooperative protocol"},
    kept_option{"partition.assignment.strategy",
                "ownership is handed over by the cooperative protocol"},
    kept_option{"session.timeout.ms", "it is the setting session_timeout"},
    kept_option{"enable.auto.commit", "lanes commit what they have delivered"},
    kept_option{"auto.commit.enable", "lanes commit what they have delivered"},
    kept_option{"enable.auto.offset.store", "lanes commit what they have delivered"},
    kept_option{"auto.offset.reset", "lanes say where they begin"},
    kept_option{"allow.auto.create.topics", "topics are created with the dataset's settings"},
    kept_option{"security.protocol", "it is the setting security.protocol"},
    kept_option{"sasl.mechanism", "it is the setting security.sasl.mechanism"},
    kept_option{"sasl.mechanisms", "it is the setting security.sasl.mechanism"},
    kept_option{"sasl.username", "it is the setting security.sasl.username"},
    kept_option{"sasl.password", "it is the setting security.sasl.password"},
    kept_option{"ssl.ca.location", "it is the setting security.tls.ca_file"},
    kept_option{"ssl.certificate.location", "it is the setting security.tls.certificate_file"},
    kept_option{"ssl.key.location", "it is the setting security.tls.key_file"},
    kept_option{"ssl.key.password", "it is the setting security.tls.key_password"},
    kept_option{"test.mock.num.brokers", "it would replace the cluster by one in memory"},
};

/// Configs of topics that would break a promise or that have a setting of their own.
constexpr std::array kept_topic_options{
    kept_option{"cleanup.policy", "compaction would remove events that were not read"},
    kept_option{"retention.ms", "it is the dataset's setting retention.age_max"},
    kept_option{"retention.bytes", "it is the dataset's setting retention.bytes_max"},
};

template <class Options>
std::string why_kept(const Options& options, const std::string& name)
{
    const auto found = std::find_if(options.begin(), options.end(),
                                    [&](const kept_option& o) { return o.name == name; });
    return found == options.end() ? std::string() : std::string(found->why);
}

void check_options(binding& in, const node& value, const kafka_settings& kafka)
{
    const auto check = [&](const char* key, const auto& options, const auto& why) {
        const node* written = value.find(key);
        if (written == nullptr) return;
        for (const auto& [name, text] : options) {
            const node* at = written->find(name);
            const std::string reason = why(name);
            if (reason.empty() || at == nullptr) continue;
            const binding::step inside(in, key);
            in.error(at->where, fmt::format("can't contain '{}': {}", name, reason), "remove it");
        }
    };
    check("options", kafka.options, refusal_of_kafka_option);
    check("topic_options", kafka.topic_options,
          [](const std::string& name) { return why_kept(kept_topic_options, name); });
}

void check_broker(binding& in, const node& where, std::size_t index, const std::string& broker)
{
    const binding::step inside(in, fmt::format("brokers[{}]", index));
    const auto colon = broker.rfind(':');
    const bool has_port = colon != std::string::npos && colon > 0 && colon + 1 < broker.size() &&
                          broker.find_first_not_of("0123456789", colon + 1) == std::string::npos;
    if (has_port && broker.find("//") == std::string::npos) return;
    in.error(where.where, fmt::format("is '{}', not host:port", broker.substr(0, 60)),
             "write for example kafka-1.example.com:9092, without a scheme");
}

void check_topic_prefix(binding& in, const node& value, const std::string& prefix)
{
    const auto is_good = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
    };
    if (prefix.size() <= 100 && std::all_of(prefix.begin(), prefix.end(), is_good)) return;
    in.error_at(value, "topic_prefix", "can't begin the name of a topic",
                "use at most 100 letters, digits, '.', '_' and '-'");
}

void check_kafka(binding& in, const node& value, const kafka_settings& kafka)
{
    const node* brokers = value.find("brokers");
    for (std::size_t i = 0; brokers != nullptr && i < kafka.brokers.size(); ++i) {
        if (i < brokers->items.size()) check_broker(in, brokers->items[i], i, kafka.brokers[i]);
    }
    check_topic_prefix(in, value, kafka.topic_prefix);
    if (kafka.group.empty()) in.error_at(value, "group", "is empty", "remove the key or name it");
    check_options(in, value, kafka);
}

void check_security(binding& in, const node& value, const kafka_security_settings& security)
{
    const bool has_sasl = security.protocol == kafka_protocol::sasl_plaintext ||
                          security.protocol == kafka_protocol::sasl_tls;
    const bool has_tls =
        security.protocol == kafka_protocol::tls || security.protocol == kafka_protocol::sasl_tls;
    if (has_sasl && (security.sasl.username.empty() || security.sasl.password.empty())) {
        in.error_at(value, "sasl", "needs the keys 'username' and 'password' for this protocol",
                    "give the password as ${env:NAME} or ${file:PATH}");
    }
    if (!has_sasl && value.find("sasl") != nullptr) {
        in.error_at(value, "sasl", "is not used by this protocol",
                    "set 'protocol: sasl_tls' or remove it");
    }
    if (!has_tls && value.find("tls") != nullptr) {
        in.error_at(value, "tls", "is not used by this protocol",
                    "set 'protocol: tls' or 'sasl_tls', or remove it");
    }
}

void check_kafka_tls(binding& in, const node& value, const kafka_tls_settings& tls)
{
    if (tls.certificate_file.has_value() != tls.key_file.has_value()) {
        in.error(value.where, "needs certificate_file and key_file together",
                 "a client certificate has a private key; remove one or add the other");
    }
}

}  // namespace

bool uses_kafka(const settings& all)
{
    return std::any_of(all.datasets.begin(), all.datasets.end(),
                       [](const auto& item) { return item.second.engine == "kafka"; });
}

std::string refusal_of_kafka_option(const std::string& name)
{
    if (name.ends_with("_cb")) return "callbacks can't be configured";
    return why_kept(kept_options, name);
}

template <>
const std::vector<std::string_view>& choices_of<kafka_protocol>()
{
    static const std::vector<std::string_view> names{"plaintext", "tls", "sasl_plaintext",
                                                     "sasl_tls"};
    return names;
}

template <>
const std::vector<std::string_view>& choices_of<kafka_mechanism>()
{
    static const std::vector<std::string_view> names{"plain", "scram_sha_256", "scram_sha_512"};
    return names;
}

template <>
const object_shape& schema_of<kafka_sasl_settings>()
{
    using s = kafka_sasl_settings;
    static const object_shape shape =
        object_schema<s>("sasl")
            .field("mechanism", &s::mechanism,
                   {.help = "How the gateway logs in; scram_* needs librdkafka 2.6.1 or newer: "
                            "make deps-kafka"})
            .field("username", &s::username, {.help = "User name"})
            .field("password", &s::password,
                   {.help = "Password", .example = "${env:KAFKA_PASSWORD}"})
            .build();
    return shape;
}

template <>
const object_shape& schema_of<kafka_tls_settings>()
{
    using t = kafka_tls_settings;
    static const object_shape shape =
        object_schema<t>("tls")
            .field("ca_file", &t::ca_file,
                   {.help = "PEM file of the authorities to trust instead of the system's"})
            .field("certificate_file", &t::certificate_file,
                   {.help = "PEM file of the client certificate"})
            .field("key_file", &t::key_file, {.help = "PEM file of its private key"})
            .field("key_password", &t::key_password,
                   {.help = "Password of the private key", .example = "${env:KAFKA_KEY_PASSWORD}"})
            .check(check_kafka_tls)
            .build();
    return shape;
}

template <>
const object_shape& schema_of<kafka_security_settings>()
{
    using s = kafka_security_settings;
    static const object_shape shape =
        object_schema<s>("security")
            .field("protocol", &s::protocol, {.help = "How brokers are reached"})
            .field("sasl", &s::sasl, {.help = "Login, for sasl_plaintext and sasl_tls"})
            .field("tls", &s::tls, {.help = "Certificates, for tls and sasl_tls"})
            .check(check_security)
            .build();
    return shape;
}

template <>
const object_shape& schema_of<kafka_spool_settings>()
{
    using s = kafka_spool_settings;
    static const object_shape shape =
        object_schema<s>("spool")
            .field("enabled", &s::enabled,
                   {.help = "true: while the cluster can't be reached events are kept in data_dir "
                            "and forwarded later; false: they are refused with 503, and what an "
                            "earlier run has kept is forwarded"})
            .field("bytes_max", &s::bytes_max,
                   {.help = "Bytes of events of all datasets that may wait in data_dir; then 503",
                    .min = mib,
                    .is_bytes = true})
            .build();
    return shape;
}

template <>
const object_shape& schema_of<kafka_settings>()
{
    using k = kafka_settings;
    static const object_shape shape =
        object_schema<k>("kafka")
            .field("brokers", &k::brokers,
                   {.help = "Brokers to find the cluster by, as host:port; two or three will do",
                    .example = "[kafka-1.example.com:9092]"})
            .field("topic_prefix", &k::topic_prefix,
                   {.help =
                        "Begins the names of topics (prefix and dataset) and of the lanes' groups"})
            .field("group", &k::group,
                   {.help = "Gateways of the same group share the partitions out among them"})
            .field("replication", &k::replication,
                   {.help = "Copies of each partition of new topics; without it the broker's "
                            "default.replication.factor",
                    .min = 1,
                    .max = 100,
                    .example = "3"})
            .field("produce_timeout", &k::produce_timeout,
                   {.help = "From append to the acknowledgement of all in-sync replicas; then the "
                            "event is refused with 503",
                    .min = 100,
                    .max = 10 * minutes})
            .field("session_timeout", &k::session_timeout,
                   {.help = "A gateway that is silent for so long loses its partitions to others",
                    .min = seconds,
                    .max = 30 * minutes})
            .field("readers", &k::readers,
                   {.help = "Connections that lanes and exports read through", .min = 1, .max = 64})
            .field("queue_bytes_max", &k::queue_bytes_max,
                   {.help = "Bytes sent and not yet acknowledged; then 503",
                    .min = mib,
                    .max = 2 * gib,
                    .is_bytes = true})
            .field("security", &k::security, {.help = "Encryption and login"})
            .field("spool", &k::spool,
                   {.help = "What happens to events while the cluster can't be reached"})
            .field("options", &k::options,
                   {.help = "Any other option of librdkafka (CONFIGURATION.md there)",
                    .plain_secret = true,
                    .example = "{linger.ms: \"2\", compression.codec: zstd}"})
            .field("topic_options", &k::topic_options,
                   {.help = "Configs of topics that the gateway creates",
                    .example = "{min.insync.replicas: \"2\"}"})
            .check(check_kafka)
            .build();
    return shape;
}

}  // namespace sluice::config
