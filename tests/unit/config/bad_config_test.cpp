// Tabular: one row for each way a configuration can be wrong, with the place and the message it has
// to get.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/bind_text.hpp"

namespace sluice::config {
namespace {

struct bad_config {
    const char* name;
    const char* text;
    const char* expected;  ///< `line:column: error: message`, a part of it
    const char* hint;      ///< a part of the hint, may be empty
};

constexpr bad_config bad_configs[] = {
    {"unknown_section", "gatewy: {}", "1:1: error: unknown section 'gatewy'",
     "did you mean 'gateway'?"},
    {"unknown_key", "gateway:\n  edge:\n    prot: 1",
     "3:5: error: unknown key 'prot' in gateway.edge", "did you mean 'port'?"},
    {"words_in_other_order", "destinations: {a: {url: 'http://h', max_connections: 3}}",
     "1:37: error: unknown key 'max_connections' in destinations.a",
     "did you mean 'connections_max'?"},
    {"unrelated_key", "gateway: {zzzzzzzz: 1}", "1:11: error: unknown key 'zzzzzzzz' in gateway",
     "known are edge, admin"},
    {"port_above_range", "gateway: {edge: {port: 70000}}",
     "1:24: error: gateway.edge.port is 70000, allowed is 0 to 65535", ""},
    {"negative_port", "gateway: {edge: {port: -1}}",
     "1:24: error: gateway.edge.port is -1, allowed is 0 to 65535", ""},
    {"huge_number", "gateway: {edge: {port: 99999999999999999999999}}",
     "1:24: error: gateway.edge.port has to be a whole number", ""},
    {"text_for_number", "gateway: {threads: many}",
     "1:20: error: gateway.threads has to be a whole number, 0 to 256, found 'many'", ""},
    {"quoted_number", "gateway: {threads: \"4\"}", "found the text '4'", "remove the quotes"},
    {"fraction_for_integer", "gateway: {threads: 1.5}",
     "1:20: error: gateway.threads has to be a whole number", ""},
    {"list_for_number", "gateway: {threads: [1]}", "found a list", ""},
    {"map_for_text", "gateway: {data_dir: {a: 1}}",
     "1:21: error: gateway.data_dir has to be a text, found a map", ""},
    {"nothing_for_text", "gateway:\n  data_dir:\n  threads: 1",
     "2:3: error: gateway.data_dir has to be a text, found nothing", "remove the key"},
    {"duration_without_unit", "gateway: {drain_timeout: 10}",
     "1:26: error: gateway.drain_timeout has to be a duration", "10ms or 10s"},
    {"duration_unknown_unit", "gateway: {drain_timeout: 10 minutes}", "found '10 minutes'", ""},
    {"duration_too_long", "gateway: {drain_timeout: 1h}",
     "gateway.drain_timeout is 1h, allowed is 0s to 10m", ""},
    {"size_unknown_unit", "gateway: {batch_cache_bytes_max: 64 megs}",
     "has to be a size (4096, 64KiB, 10MB), 1MiB to 64GiB, found '64 megs'", ""},
    {"size_too_small", "gateway: {batch_cache_bytes_max: 1KiB}",
     "gateway.batch_cache_bytes_max is 1KiB, allowed is 1MiB to 64GiB", ""},
    {"yes_for_boolean", "datastreams: {a: {dataset: d, enabled: yes}}\ndatasets: {d: {}}",
     "1:40: error: datastreams.a.enabled has to be true or false, found 'yes'",
     "write true or false"},
    {"quoted_boolean", "datastreams: {a: {dataset: d, enabled: \"true\"}}\ndatasets: {d: {}}",
     "found the text 'true'", "without quotes"},
    {"unknown_choice", "gateway: {log_level: inof}",
     "1:22: error: gateway.log_level has to be one of trace, debug, info, warn, error, found "
     "'inof'",
     "did you mean 'info'?"},
    {"unknown_enum", "gateway: {store: {fsync: always}}",
     "1:26: error: gateway.store.fsync has to be one of group, each, interval, off", ""},
    {"number_above_range", "gateway: {store: {free_share_min: 1.5}}",
     "free_share_min is 1.5, allowed is 0 to 0.9", ""},
    {"not_a_number", "gateway: {store: {free_share_min: nan}}", "free_share_min has to be a number",
     ""},
    {"scalar_for_list", "datastreams: {a: {dataset: d, tokens: 5}}\ndatasets: {d: {}}",
     "1:39: error: datastreams.a.tokens has to be a list, found another value", ""},
    {"scalar_for_section", "datasets: web", "1:11: error: datasets has to be a map, found 'web'",
     ""},
    {"list_for_section", "datasets: [web]", "1:11: error: datasets has to be a map, found a list",
     ""},
    {"scalar_for_item", "destinations: {crm: 5}",
     "1:21: error: destinations.crm has to be a map, found '5'", "url"},
    {"missing_url", "destinations:\n  crm:\n    enabled: true",
     "3:5: error: destinations.crm needs the key 'url'", "Base URL"},
    {"missing_directory", "datasets: {d: {}}\nexports: {e: {dataset: d}}",
     "2:14: error: exports.e needs the key 'directory'", "Local folder"},
    {"url_without_scheme", "destinations: {a: {url: crm.example.com}}",
     "1:25: error: destinations.a.url has no scheme", "https://host"},
    {"url_other_scheme", "destinations: {a: {url: 'ftp://h/'}}",
     "destinations.a.url has the scheme 'ftp'", ""},
    {"url_without_host", "destinations: {a: {url: 'https:///x'}}", "destinations.a.url has no host",
     ""},
    {"url_bad_port", "destinations: {a: {url: 'https://h:99999/x'}}",
     "destinations.a.url has the port '99999'", ""},
    {"url_credentials", "destinations: {a: {url: 'https://u:p@h/'}}",
     "destinations.a.url contains credentials", "'auth'"},
    {"url_query", "destinations: {a: {url: 'https://h/?a=1'}}",
     "destinations.a.url contains a query", ""},
    {"url_blank", "destinations: {a: {url: 'https://h /'}}", "destinations.a.url contains a blank",
     ""},
    {"header_name", "destinations: {a: {url: 'http://h', headers: {'a b': c}}}",
     "destinations.a.headers has the name 'a b'", "letters"},
    {"header_line_break", "destinations: {a: {url: 'http://h', headers: {x: \"a\\nb\"}}}",
     "line break or NUL in the value of 'x'", "one line"},
    {"auth_without_kind", "destinations: {a: {url: 'http://h', auth: {token: '${env:TOKEN}'}}}",
     "destinations.a.auth has credentials but no kind", "kind: bearer"},
    {"auth_without_token", "destinations: {a: {url: 'http://h', auth: {kind: bearer}}}",
     "destinations.a.auth needs the key 'token'", "${env:NAME}"},
    {"tls_without_key", "destinations: {a: {url: 'http://h', tls: {certificate_file: c.pem}}}",
     "destinations.a.tls needs certificate_file and key_file together", ""},
    {"backoff_reversed", "destinations: {a: {url: 'http://h', retry: {backoff_min: 20s}}}",
     "1:58: error: destinations.a.retry.backoff_min is longer than backoff_max", ""},
    {"circuit_reversed", "destinations: {a: {url: 'http://h', circuit: {open_for: 1h}}}",
     "circuit.open_for is longer than open_for_max", ""},
    {"signing_secret", "destinations: {a: {url: 'http://h', signing: {secrets: ['${env:TOKEN}']}}}",
     "destinations.a.signing.secrets[0] does not begin with 'whsec_'", "openssl"},
    {"port_in_list", "destinations: {a: {url: 'http://h', allow_ports: [80, 99999]}}",
     "destinations.a.allow_ports[1] is 99999, allowed is 1 to 65535", ""},
    {"wait_in_list", "destinations: {a: {url: 'http://h', retry: {schedule: [10s, 5]}}}",
     "retry.schedule[1] has to be a duration", "5ms or 5s"},
    {"no_address", "gateway: {edge: {address: localhost}}",
     "1:27: error: gateway.edge.address is 'localhost', not an IP address", "127.0.0.1"},
    {"same_ports", "gateway: {edge: {port: 8081}}", "has both listeners at 127.0.0.1:8081",
     "another port"},
    {"unknown_dataset", "datasets: {web_events: {}}\ndatastreams: {a: {dataset: web_event}}",
     "2:28: error: datastreams.a.dataset names the unknown dataset 'web_event'",
     "did you mean 'web_events'?"},
    {"unknown_dataset_of_export", "exports: {e: {dataset: x, directory: o}}",
     "1:24: error: exports.e.dataset names the unknown dataset 'x'", "declare it"},
    {"unknown_engine", "datasets: {d: {engine: redis}}",
     "datasets.d.engine has to be one of embedded, kafka", ""},
    {"mixed_engines",
     "gateway: {kafka: {brokers: ['k:9092']}}\ndatasets: {a: {engine: kafka}, b: {}}",
     "2:35: error: datasets.b has the engine embedded and others have kafka", "second gateway"},
    {"kafka_without_brokers", "datasets: {a: {engine: kafka}}", "there is no cluster", "brokers"},
    {"kafka_quota",
     "gateway: {kafka: {brokers: ['k:9092']}}\ndatasets: {a: {engine: kafka, quota_bytes: 1GiB}}",
     "datasets.a.quota_bytes does not work with Kafka", "retention.bytes_max"},
    {"kafka_broker_without_port", "gateway: {kafka: {brokers: [kafka]}}",
     "1:29: error: gateway.kafka.brokers[0] is 'kafka', not host:port", "9092"},
    {"kafka_acks", "gateway: {kafka: {options: {acks: 1}}}",
     "gateway.kafka.options can't contain 'acks': a 2xx means", "remove"},
    {"kafka_compaction", "gateway: {kafka: {topic_options: {cleanup.policy: compact}}}",
     "gateway.kafka.topic_options can't contain 'cleanup.policy': compaction", "remove"},
    {"kafka_topic_prefix", "gateway: {kafka: {topic_prefix: 'a/b'}}",
     "gateway.kafka.topic_prefix can't begin the name of a topic", "letters"},
    {"kafka_login_missing", "gateway: {kafka: {security: {protocol: sasl_tls}}}",
     "gateway.kafka.security.sasl needs the keys 'username' and 'password'", "${env:NAME}"},
    {"kafka_login_unused", "gateway: {kafka: {security: {sasl: {username: u}}}}",
     "gateway.kafka.security.sasl is not used by this protocol", "sasl_tls"},
    {"kafka_tls_unused", "gateway: {kafka: {security: {tls: {ca_file: ca.pem}}}}",
     "gateway.kafka.security.tls is not used by this protocol", "protocol: tls"},
    {"kafka_certificate_without_key",
     "gateway: {kafka: {security: {protocol: tls, tls: {certificate_file: c.pem}}}}",
     "gateway.kafka.security.tls needs certificate_file and key_file together", ""},
    {"no_partitions", "datasets: {d: {partitions: 0}}",
     "datasets.d.partitions is 0, allowed is 1 to 1024", ""},
    {"bad_name", "datasets: {'a b': {}}", "1:12: error: datasets can't contain the name 'a b'",
     "letters"},
    {"reserved_name", "datasets: {_d: {}}", "1:12: error: datasets can't contain the name '_d'",
     "begin with a letter"},
    {"bad_time", "datasets: {d: {}}\nexports: {e: {dataset: d, directory: o, start_at: soon}}",
     "exports.e.start_at is 'soon', not an RFC 3339 time", "2026-01-31"},
    {"times_reversed",
     "datasets: {d: {}}\nexports: {e: {dataset: d, directory: o, start_at: 2026-01-02T00:00:00Z, "
     "end_at: 2026-01-01T00:00:00Z}}",
     "exports.e.end_at has to be later than start_at", ""},
    {"snappy_ndjson",
     "datasets: {d: {}}\nexports: {e: {dataset: d, directory: o, format: ndjson, compression: "
     "snappy}}",
     "exports.e.compression can't be snappy", "gzip"},
    {"folder_in_file_name",
     "datasets: {d: {}}\nexports: {e: {dataset: d, directory: o, file_name: a/b}}",
     "exports.e.file_name can't contain '/'", "'folder'"},
    {"actions", "actions: {a: {url: x}}", "1:10: error: actions are not available in this version",
     "'destinations'"},
    {"rule_set_as_list", "rules: {a: [1]}", "1:12: error: rules.a has to be a rule set", ""},
    {"rules_as_list", "rules:\n  - when: x", "2:3: error: rules has to be a map, found a list", ""},
    {"missing_variable", "gateway: {data_dir: '${env:NOPE}'}",
     "1:21: error: gateway.data_dir refers to the environment variable 'NOPE', which is not set",
     "set it"},
    {"missing_file", "gateway: {data_dir: '${file:/no/such}'}",
     "1:21: error: gateway.data_dir refers to the file '/no/such', which can't be read",
     "relative to"},
    {"unknown_reference", "gateway: {data_dir: '${vault:x}'}",
     "gateway.data_dir has the unknown reference '${vault:x}'", "$${"},
    {"open_reference", "gateway: {data_dir: '${env:X'}", "gateway.data_dir has a '${' without '}'",
     "$${"},
    {"empty_secret", "datasets: {d: {}}\ndatastreams: {a: {dataset: d, tokens: ['${env:EMPTY}']}}",
     "datastreams.a.tokens[0] is empty", "variable"},
    {"duplicate_key", "gateway:\n  threads: 1\n  threads: 2",
     "3:3: error: the key 'threads' stands twice in this map", "line 2"},
    {"second_document", "gateway: {}\n---\ndatasets: {}",
     "2:1: error: a second YAML document begins here", "'---'"},
    {"tab", "gateway:\n\tthreads: 1", "2:9: error: not valid YAML", "tabs"},
    {"open_bracket", "gateway: [1\n", "error: not valid YAML", "close the bracket"},
    {"colon_in_value", "gateway: a: b", "1:11: error: not valid YAML", "quote"},
    {"unknown_alias", "gateway: *x", "1:10: error: not valid YAML", "define it"},
    {"alias_of_itself", "gateway: &x {a: *x}",
     "1:17: error: this alias stands inside the value that it refers to", "repeat"},
    {"merge_of_scalar", "gateway: {<<: 5}", "1:15: error: '<<' needs a map", "alias"},
    {"tag", "gateway: !secret {}", "error: the YAML tag '!secret' is not supported",
     "remove the tag"},
    {"list_as_key", "? [a]\n: 1", "1:3: error: a key has to be a plain text", "lists and maps"},
    {"invalid_utf8", "gateway: {data_dir: \"\xC3\x28\"}", "1:22: error: this is not UTF-8 text",
     "UTF-8"},
    {"end_of_text_character",
     "gateway: {}\n\x04"
     "datasets: 1",
     "2:1: error: the control character 0x04 is not allowed", "escape"},
};

class BadConfig : public testing::TestWithParam<bad_config> {};

TEST_P(BadConfig, IsReportedWithPlaceAndRemedy)
{
    diagnostics problems;
    (void)bind_text(GetParam().text, problems);
    EXPECT_TRUE(problems.has_errors());
    const std::string text = problems.to_text();
    EXPECT_THAT(text, testing::HasSubstr(GetParam().expected));
    if (*GetParam().hint != '\0') {
        const auto at = text.find(GetParam().expected);
        const auto hint = text.find("hint: ", at);
        ASSERT_NE(hint, std::string::npos) << text;
        EXPECT_THAT(text.substr(hint, text.find('\n', hint) - hint),
                    testing::HasSubstr(GetParam().hint));
    }
}

INSTANTIATE_TEST_SUITE_P(Table, BadConfig, testing::ValuesIn(bad_configs),
                         [](const auto& row) { return row.param.name; });

TEST(BadConfigs, TenMistakesGiveTenErrorsAtOnce)
{
    diagnostics problems;
    (void)bind_text(R"(gateway:
  edge: {prot: 8080, port: 70000}
  threads: many
  drain_timeout: 10
  log_level: loud
datastreams:
  web: {dataset: web_event}
datasets:
  web_events: {partitions: 0}
destinations:
  crm: {url: crm.example.com, connections_max: 0}
  ads: {enabled: true}
)",
                    problems);
    EXPECT_EQ(problems.error_count(), 10u) << problems.to_text();
    std::uint32_t last_line = 0;
    std::size_t places = 0;
    const std::string text = problems.to_text();
    for (std::size_t at = text.find("test.yaml:"); at != std::string::npos;
         at = text.find("test.yaml:", at + 1)) {
        const auto line = static_cast<std::uint32_t>(std::stoul(text.substr(at + 10)));
        EXPECT_LE(last_line, line);
        last_line = line;
        ++places;
    }
    EXPECT_EQ(places, 10u);
}

}  // namespace
}  // namespace sluice::config
