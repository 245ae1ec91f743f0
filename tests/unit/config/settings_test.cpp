#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/config/bind_text.hpp"

namespace sluice::config {
namespace {

using std::chrono::milliseconds;

TEST(Settings, AnEmptyConfigurationGivesTheDefaultsOfTheStructs)
{
    diagnostics problems;
    const settings read = bind_text("", problems);
    EXPECT_EQ(problems.all().size(), 0u) << problems.to_text();
    EXPECT_EQ(read.gateway.edge.port, 8080);
    EXPECT_EQ(read.gateway.admin.port, 8081);
    EXPECT_EQ(read.embedded.fsync, fsync_mode::group);
}

TEST(Settings, EmptySectionsAndDatasetsWithoutDatastreamsAreFine)
{
    diagnostics problems;
    const settings read =
        bind_text("gateway:\nactions:\nrules:\nexports: {}\ndatasets:\n  web:\n", problems);
    EXPECT_EQ(problems.all().size(), 0u) << problems.to_text();
    EXPECT_EQ(read.datasets.at("web").partitions, 1u);
}

TEST(Settings, EveryKindOfValueIsRead)
{
    diagnostics problems;
    const settings read = bind_text(R"(
gateway:
  edge: {address: 0.0.0.0, port: 0, limits: {body_bytes_max: 2MiB, idle_timeout: 1m30s}}
  threads: 3
  store: {fsync: interval, fsync_interval: 250ms, free_share_min: 0.1}
datasets:
  web: {retention: {age_max: 7d, bytes_max: 10GB}, quota_bytes: 1073741824}
datastreams:
  shop: {dataset: web, key: event.user.id, tokens: ["${env:TOKEN}"]}
destinations:
  crm:
    url: https://crm.example.com:8443/v2
    headers: {x-source: sluice, x-key: "${env:TOKEN}"}
    auth: {kind: api_key, key: "${env:TOKEN}"}
    requests_per_second: 12.5
    allow_ports: [8080, 9000]
    retry: {schedule: [1s, 2m, 3h]}
exports:
  hourly: {dataset: web, directory: out, format: ndjson, compression: gzip, interval: 1h}
)",
                                    problems);
    EXPECT_EQ(problems.all().size(), 0u) << problems.to_text();
    EXPECT_EQ(read.gateway.edge.limits.body_bytes_max, 2u << 20);
    EXPECT_EQ(read.gateway.edge.limits.idle_timeout, milliseconds(90'000));
    EXPECT_EQ(read.gateway.admin.port, 8081);
    EXPECT_EQ(read.embedded.fsync, fsync_mode::interval);
    EXPECT_DOUBLE_EQ(read.embedded.free_share_min, 0.1);
    EXPECT_EQ(read.datasets.at("web").retention.bytes_max, 10'000'000'000u);
    EXPECT_EQ(read.datasets.at("web").retention.age_max, milliseconds(7ll * 86'400'000));
    EXPECT_EQ(read.datastreams.at("shop").key, "event.user.id");
    const destination_settings& crm = read.destinations.at("crm");
    EXPECT_EQ(crm.headers.at("x-key").reveal(), "s3cr3t-from-env");
    EXPECT_EQ(crm.auth.kind, auth_kind::api_key);
    EXPECT_EQ(crm.requests_per_second, 12.5);
    EXPECT_THAT(crm.allow_ports, testing::ElementsAre(8080, 9000));
    EXPECT_THAT(crm.retry.schedule, testing::ElementsAre(milliseconds(1'000), milliseconds(120'000),
                                                         milliseconds(10'800'000)));
    EXPECT_EQ(read.exports.at("hourly").compression, export_compression::gzip);
    EXPECT_EQ(read.exports.at("hourly").interval, milliseconds(3'600'000));
    EXPECT_EQ(read.places.at("destinations.crm").line, 11u);
    EXPECT_EQ(read.places.at("destinations.crm").column, 3u);
}

TEST(Settings, NumbersMayComeFromTheEnvironmentAlsoInQuotes)
{
    diagnostics problems;
    EXPECT_EQ(bind_text("gateway: {edge: {port: \"${env:PORT}\"}}", problems).gateway.edge.port,
              9090);
    EXPECT_FALSE(problems.has_errors()) << problems.to_text();
}

TEST(Settings, ReferencesMayStandInsideATextAndCanBeEscaped)
{
    diagnostics problems;
    const settings read = bind_text("gateway: {data_dir: 'a/${env:PORT}/$${env:PORT}'}", problems);
    EXPECT_EQ(read.gateway.data_dir, "a/9090/${env:PORT}");
    EXPECT_FALSE(problems.has_errors()) << problems.to_text();
}

TEST(Settings, RuleSetsPassThroughUntouchedWithReferencesUnresolved)
{
    diagnostics problems;
    const settings read =
        bind_text("rules:\n  a:\n    source: web\n    x: ${env:NOPE}\n", problems);
    EXPECT_FALSE(problems.has_errors()) << problems.to_text();
    const rule_source& source = read.rules.at("a");
    EXPECT_EQ(source.body.find("x")->text, "${env:NOPE}");
    EXPECT_EQ(source.folder, ".");
    EXPECT_EQ(source.body.find("x")->where.line, 4u);
}

TEST(Settings, MergeKeysGiveSharedDefaultsAndOwnKeysWin)
{
    diagnostics problems;
    const settings read = bind_text(
        "destinations:\n  a: &base {url: 'http://a', timeout: 1s}\n  b: {<<: *base, url: "
        "'http://b'}\n",
        problems);
    EXPECT_FALSE(problems.has_errors()) << problems.to_text();
    EXPECT_EQ(read.destinations.at("b").url, "http://b");
    EXPECT_EQ(read.destinations.at("b").timeout, milliseconds(1'000));
}

TEST(Settings, ASecretInClearIsAWarningThatDoesNotRepeatIt)
{
    diagnostics problems;
    const settings read = bind_text(
        "datasets: {d: {}}\ndatastreams: {a: {dataset: d, tokens: [hunter2-in-clear]}}", problems);
    EXPECT_FALSE(problems.has_errors());
    ASSERT_EQ(problems.all().size(), 1u);
    EXPECT_EQ(problems.all()[0].level, severity::warning);
    EXPECT_THAT(problems.to_text(), testing::Not(testing::HasSubstr("hunter2")));
    EXPECT_EQ(read.datastreams.at("a").tokens.at(0).reveal(), "hunter2-in-clear");
}

TEST(Settings, NoDiagnosticEverContainsASecret)
{
    const char* texts[] = {
        "datastreams: {a: {tokens: hunter2}}",
        "datastreams: {a: {tokens: {hunter2: hunter2}}}",
        "datastreams: {a: {tokens: [{x: hunter2}]}}",
        "destinations: {a: {url: 'http://h', auth: {kind: bearer, token: [hunter2]}}}",
        "destinations: {a: {url: 'http://h', headers: {x: \"hunter2\\n\"}}}",
        "destinations: {a: {url: 'http://h', signing: {secrets: [hunter2]}}}",
        "destinations: {a: {url: 'http://h', signing: {secrets: hunter2}}}",
    };
    for (const char* text : texts) {
        diagnostics problems;
        (void)bind_text(text, problems);
        EXPECT_NE(problems.all().size(), 0u) << text;
        EXPECT_THAT(problems.to_text(), testing::Not(testing::HasSubstr("hunter2"))) << text;
    }
}

}  // namespace
}  // namespace sluice::config
