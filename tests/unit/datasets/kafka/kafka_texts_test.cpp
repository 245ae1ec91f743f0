// How names, cursors and errors look outside: contracts with the cluster's own tools.

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include "datasets/kafka/cluster_health.hpp"
#include "datasets/kafka/cursors/cursor_store.hpp"
#include "datasets/kafka/topic_setup.hpp"

namespace sluice::datasets::kafka {

TEST(KafkaNames, DatasetsBecomeTopicsAndBack)
{
    const names called("sluice.");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"orders", "sluice.orders"},     {"_retry.crm", "sluice._retry.crm"},
        {"a-b_c.D9", "sluice.a-b_c.D9"}, {"a b/ü", "sluice.a-x20b-x2F-xC3-xBC"},
        {"a-x20b", "sluice.a-x2Dx20b"},  {"--x", "sluice.--x2Dx"},
    };
    for (const auto& [name, topic] : cases) {
        auto found = called.topic_of(dataset_name{name});
        ASSERT_TRUE(found);
        EXPECT_EQ(*found, topic);
        EXPECT_EQ(called.dataset_of(topic), dataset_name{name});
    }
    EXPECT_FALSE(called.topic_of(dataset_name{std::string(249, 'a')}));
    EXPECT_FALSE(called.topic_of(dataset_name{""}));
    EXPECT_FALSE(called.topic_of(dataset_name{"_documents"})) << "the documents have that topic";
    EXPECT_EQ(called.dataset_of("other.orders"), std::nullopt);
    EXPECT_EQ(called.dataset_of("sluice._documents"), std::nullopt);
    EXPECT_EQ(called.dataset_of("sluice.a-xZZ"), std::nullopt);
}

TEST(KafkaNames, CursorsBecomeGroupsAndBack)
{
    const names called("sluice.");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"lane/crm", "sluice.lane.crm"},
        {"export/daily.csv", "sluice.export.daily.csv"},
        {"a.b/c/d", "sluice.a%2Eb.c/d"},
        {"50%", "sluice.50%25"},
    };
    for (const auto& [name, group] : cases) {
        EXPECT_EQ(called.group_of(cursor_name{name}), group);
        EXPECT_EQ(called.cursor_of(group), cursor_name{name});
    }
    EXPECT_EQ(called.cursor_of("other.lane.crm"), std::nullopt);
    EXPECT_EQ(called.cursor_of("sluice."), std::nullopt);
}

TEST(KafkaErrors, WhatIsWrongWithACertificateIsSaidWithTheRemedy)
{
    const auto says = [](const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    };
    EXPECT_TRUE(says(explain_certificate(X509_V_ERR_CERT_HAS_EXPIRED), "expired: renew it"));
    EXPECT_TRUE(says(explain_certificate(X509_V_ERR_IP_ADDRESS_MISMATCH), "another name"));
    EXPECT_TRUE(says(explain_certificate(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT),
                     "`security.tls.ca_file`"));
    EXPECT_TRUE(says(explain_certificate(X509_V_ERR_CERT_REVOKED), "revoked"));
    const auto ours =
        explain(RD_KAFKA_RESP_ERR__TRANSPORT, "SSL routines::tlsv13 alert certificate required");
    EXPECT_TRUE(says(ours, "`security.tls.certificate_file`")) << ours;
}

TEST(KafkaHealth, WhoCanNotJoinTheGroupTakesEventsAndSaysSo)
{
    cluster_health health;
    health.outside("g", "no right on the group");
    EXPECT_FALSE(health.is_refusing());
    EXPECT_EQ(health.status().health, log_health::ok);
    EXPECT_EQ(health.status().reason, "no right on the group");
    health.unreachable("no broker");
    EXPECT_EQ(health.status().health, log_health::refusing);
    EXPECT_EQ(health.status().reason, "no broker") << "the worse comes first";
    health.reached();
    EXPECT_EQ(health.status().reason, "no right on the group");
    health.outside("other", {});
    EXPECT_EQ(health.status().reason, "no right on the group");
    health.outside("g", {});
    EXPECT_EQ(health.status().reason, "");
}

TEST(KafkaCursor, TheMetadataHoldsStartAndCounts)
{
    const cursor_state state{offset{9}, offset{2}, {1, 2, 3, 4, 5}};
    const auto text = encode_cursor(state);
    EXPECT_EQ(text, "start=2 delivered=1 filtered=2 dead=3 retrying=4 expired=5");
    const auto back = decode_cursor(offset{9}, text);
    EXPECT_EQ(back.next, state.next);
    EXPECT_EQ(back.start, state.start);
    EXPECT_EQ(back.counts, state.counts);
}

TEST(KafkaCursor, AnOffsetThatSomebodyElseSetBeginsANewCount)
{
    for (const auto* text : {"", "moved by an operator", "start=x", "start=10", "=", "start="}) {
        const auto found = decode_cursor(offset{9}, text);
        EXPECT_EQ(found.next.value(), 9u) << text;
        EXPECT_EQ(found.start.value(), 9u) << text;
        EXPECT_EQ(found.counts, ledger_counts{}) << text;
    }
}

TEST(KafkaSettings, OldLibrariesAreToldAboutScram)
{
    config::kafka_settings settings;
    EXPECT_TRUE(known_trouble(settings, 0x020002ff).empty());
    settings.security.protocol = config::kafka_protocol::sasl_tls;
    EXPECT_TRUE(known_trouble(settings, 0x020002ff).empty()) << "PLAIN works";
    settings.security.sasl.mechanism = config::kafka_mechanism::scram_sha_512;
    EXPECT_NE(known_trouble(settings, 0x020002ff).find("2.6.1"), std::string::npos);
    EXPECT_NE(known_trouble(settings, 0x020002ff).find("`make deps-kafka`"), std::string::npos);
    EXPECT_TRUE(known_trouble(settings, 0x020601ff).empty());
    settings.security.protocol = config::kafka_protocol::plaintext;
    EXPECT_TRUE(known_trouble(settings, 0x020002ff).empty()) << "nobody logs in";
}

TEST(KafkaErrors, ARefusedLoginOfAnOldLibraryIsNotBlamedOnThePassword)
{
    const std::string what = "invalid credentials with SASL mechanism SCRAM-SHA-512";
    EXPECT_EQ(explain(RD_KAFKA_RESP_ERR__AUTHENTICATION, what),
              what + " (check `security.sasl`: mechanism, user and password)");
    EXPECT_EQ(explain(RD_KAFKA_RESP_ERR__AUTHENTICATION, what, "this library is too old"),
              what + " (this library is too old)");
    EXPECT_EQ(explain(RD_KAFKA_RESP_ERR__SSL, "no", "this library is too old"),
              explain(RD_KAFKA_RESP_ERR__SSL, "no"))
        << "nothing else has to do with logins";
}

TEST(KafkaTopics, OneBrokersLossIsNamedWhenItCanLoseEvents)
{
    EXPECT_NE(durability_doubt("t", 1, 1).find("replication"), std::string::npos);
    EXPECT_NE(durability_doubt("t", 3, 1).find("min.insync.replicas=2"), std::string::npos);
    EXPECT_TRUE(durability_doubt("t", 3, 2).empty());
}

TEST(KafkaTopics, TheClusterTrimsOnlyWhereUnreadEventsMayGo)
{
    dataset_spec spec;
    spec.partitions = 4;
    spec.age_max = std::chrono::hours(1);
    spec.bytes_max = 4'000;
    EXPECT_EQ(retention_options(spec).at("retention.ms"), "-1");
    EXPECT_EQ(retention_options(spec).at("retention.bytes"), "-1");
    spec.trim_unread = true;
    EXPECT_EQ(retention_options(spec).at("retention.ms"), "3600000");
    EXPECT_EQ(retention_options(spec).at("retention.bytes"), "1000") << "of each partition";
}

}  // namespace sluice::datasets::kafka
