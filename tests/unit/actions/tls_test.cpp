// TLS cases with certificates made by the openssl program when the test runs.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/tls1.h>
#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/actions/delivery_fixture.hpp"

namespace sluice::actions {
namespace {

using test::http_imposter;
using test::imposter_tls;

/// A folder of certificates, made once for all tests of this file.
class certificates {
public:
    certificates()
    {
        char name[] = "/tmp/sluice-tls-XXXXXX";
        folder_ = mkdtemp(name);
        authority("ca");
        authority("other_ca");
        leaf("good", "ca", "IP:127.0.0.1", "-days 30");
        leaf("wrong_host", "ca", "DNS:elsewhere.example", "-days 30");
        leaf("names_only", "ca", "DNS:localhost", "-days 30");
        leaf("unknown_ca", "other_ca", "IP:127.0.0.1", "-days 30");
        leaf("expired", "ca", "IP:127.0.0.1", "-days 30");
        expire("expired", "ca");
        leaf("client", "ca", "DNS:client.example", "-days 30");
        leaf("stranger", "other_ca", "DNS:client.example", "-days 30");
        leaf("cn_only", "ca", "", "-days 30");
        leaf("weak", "ca", "IP:127.0.0.1", "-days 30", 1024);
        leaf("sha1", "ca", "IP:127.0.0.1", "-days 30 -sha1");
        run("openssl req -x509 -newkey rsa:2048 -nodes -keyout self.key -out self.pem -days 30 "
            "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1");
    }
    ~certificates() { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string pem(const std::string& name) const
    {
        return folder_ + "/" + name + ".pem";
    }
    [[nodiscard]] std::string key(const std::string& name) const
    {
        return folder_ + "/" + name + ".key";
    }

private:
    void run(const std::string& command) const
    {
        const std::string line = "cd " + folder_ + " && " + command + " >/dev/null 2>&1";
        if (std::system(line.c_str()) != 0) throw std::runtime_error("failed: " + command);
    }
    void authority(const std::string& name) const
    {
        run("openssl req -x509 -newkey rsa:2048 -nodes -keyout " + name + ".key -out " + name +
            ".pem -days 30 -subj /CN=" + name);
    }
    void leaf(const std::string& name, const std::string& ca, const std::string& san,
              const std::string& options, int bits = 2048) const
    {
        run("openssl req -newkey rsa:" + std::to_string(bits) + " -nodes -keyout " + name +
            ".key -out " + name + ".csr -subj /CN=127.0.0.1");
        std::ofstream(folder_ + "/" + name + ".ext")
            << (san.empty() ? std::string("basicConstraints=CA:FALSE") : "subjectAltName=" + san);
        run("openssl x509 -req -in " + name + ".csr -CA " + ca + ".pem -CAkey " + ca +
            ".key -CAcreateserial -out " + name + ".pem -extfile " + name + ".ext " + options);
    }

    /// Moves the validity into the past and signs again: the openssl program of Debian 12 cannot.
    void expire(const std::string& name, const std::string& ca) const
    {
        auto* in = std::fopen(pem(name).c_str(), "r");
        X509* certificate = PEM_read_X509(in, nullptr, nullptr, nullptr);
        std::fclose(in);
        in = std::fopen(key(ca).c_str(), "r");
        EVP_PKEY* signer = PEM_read_PrivateKey(in, nullptr, nullptr, nullptr);
        std::fclose(in);
        constexpr long day = 86'400;
        X509_gmtime_adj(X509_getm_notBefore(certificate), -10 * day);
        X509_gmtime_adj(X509_getm_notAfter(certificate), -day);
        const bool is_signed = X509_sign(certificate, signer, EVP_sha256()) > 0;
        auto* out = std::fopen(pem(name).c_str(), "w");
        PEM_write_X509(out, certificate);
        std::fclose(out);
        X509_free(certificate);
        EVP_PKEY_free(signer);
        if (!is_signed) throw std::runtime_error("can't sign the expired certificate");
    }

    std::string folder_;
};

const certificates& made()
{
    static const certificates all;
    return all;
}

struct TlsDelivery : delivery_fixture {
    delivery_outcome deliver_to(http_imposter& peer, bool trust_ca = true)
    {
        auto settings = settings_for(peer);
        if (trust_ca) settings.tls.ca_file = made().pem("ca");
        make(settings);
        return deliver();
    }
};

TEST_F(TlsDelivery, DeliversToARightChainAndName)
{
    http_imposter peer(imposter_tls{made().pem("good"), made().key("good"), "", 0});
    const auto outcome = deliver_to(peer);
    EXPECT_EQ(outcome.next, outcome_class::delivered) << outcome.detail;
    EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(TlsDelivery, SendsNothingToAPeerItCannotTrust)
{
    for (const char* name :
         {"wrong_host", "names_only", "unknown_ca", "expired", "self", "cn_only", "weak", "sha1"}) {
        http_imposter peer(imposter_tls{made().pem(name), made().key(name), "", 0});
        const auto outcome = deliver_to(peer);
        EXPECT_EQ(outcome.next, outcome_class::setup) << name << ": " << outcome.detail;
        EXPECT_EQ(outcome.reason, "tls") << name;
        EXPECT_EQ(peer.payload_bytes(), 0U) << name;
        TearDown();
        outcomes_.clear();
    }
}

TEST_F(TlsDelivery, TrustsTheSystemStoreOnlyWithoutACaFile)
{
    http_imposter peer(imposter_tls{made().pem("good"), made().key("good"), "", 0});
    EXPECT_EQ(deliver_to(peer, false).reason, "tls");
}

TEST_F(TlsDelivery, RefusesOldVersions)
{
    http_imposter peer(imposter_tls{made().pem("good"), made().key("good"), "", TLS1_1_VERSION});
    const auto outcome = deliver_to(peer);
    EXPECT_EQ(outcome.next, outcome_class::setup) << outcome.detail;
    EXPECT_EQ(peer.payload_bytes(), 0U);
}

TEST_F(TlsDelivery, SpeaksTls12)
{
    http_imposter peer(imposter_tls{made().pem("good"), made().key("good"), "", TLS1_2_VERSION});
    EXPECT_EQ(deliver_to(peer).next, outcome_class::delivered);
}

TEST_F(TlsDelivery, ShowsItsClientCertificate)
{
    http_imposter peer(imposter_tls{made().pem("good"), made().key("good"), made().pem("ca"), 0});
    auto settings = settings_for(peer);
    settings.tls.ca_file = made().pem("ca");
    settings.tls.certificate_file = made().pem("client");
    settings.tls.key_file = made().key("client");
    make(settings);
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::delivered) << outcome.detail;
}

TEST_F(TlsDelivery, AMissingOrWrongClientCertificateIsASetupError)
{
    for (const bool wrong : {false, true}) {
        http_imposter peer(
            imposter_tls{made().pem("good"), made().key("good"), made().pem("ca"), 0});
        auto settings = settings_for(peer);
        settings.tls.ca_file = made().pem("ca");
        if (wrong) {
            settings.tls.certificate_file = made().pem("stranger");
            settings.tls.key_file = made().key("stranger");
        }
        make(settings);
        const auto outcome = deliver();
        EXPECT_EQ(outcome.next, outcome_class::setup) << wrong << outcome.reason << outcome.detail;
        EXPECT_EQ(peer.requests().size(), 0U);
        TearDown();
        outcomes_.clear();
    }
}

TEST_F(TlsDelivery, OnlyTheDangerousSwitchTurnsVerificationOff)
{
    http_imposter peer(imposter_tls{made().pem("self"), made().key("self"), "", 0});
    auto settings = settings_for(peer);
    settings.tls.dangerous_disable_tls_verification = true;
    make(settings);
    EXPECT_EQ(deliver().next, outcome_class::delivered);
}

TEST_F(TlsDelivery, AHandshakeThatStallsIsTriedAgain)
{
    http_imposter peer(imposter_tls{made().pem("good"), made().key("good"), "", 0});
    peer.mute(true);
    auto settings = settings_for(peer);
    settings.connect_timeout = 50ms;
    make(settings);
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::retry);
    EXPECT_EQ(outcome.reason, "tls_handshake");
}

TEST_F(TlsDelivery, PlainHttpOnTheTlsPortIsASetupErrorAfterTenInARow)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.url = "https" + settings.url.substr(4);
    settings.connect_timeout = 40ms;
    settings.circuit.failures_to_open = 100;
    make(settings);
    for (int i = 1; i <= 10; ++i) {
        const auto outcome = deliver();
        EXPECT_EQ(outcome.reason, "tls_handshake");
        EXPECT_EQ(outcome.next, i < 10 ? outcome_class::retry : outcome_class::setup) << i;
    }
}

TEST_F(TlsDelivery, FilesThatCannotBeUsedAreNamedWhenItIsMade)
{
    http_imposter peer(imposter_tls{made().pem("good"), made().key("good"), "", 0});
    auto settings = settings_for(peer);
    settings.tls.ca_file = "/nowhere/ca.pem";
    const auto no_ca =
        make_rest_destination("a", settings, io_.get_executor(), system_clock(), thread_random());
    ASSERT_FALSE(no_ca);
    EXPECT_NE(no_ca.error().message.find("/nowhere/ca.pem"), std::string::npos);
    settings.tls.ca_file.reset();
    settings.tls.certificate_file = made().pem("client");
    EXPECT_FALSE(
        make_rest_destination("a", settings, io_.get_executor(), system_clock(), thread_random()));
    settings.tls.key_file = made().key("good");
    EXPECT_FALSE(
        make_rest_destination("a", settings, io_.get_executor(), system_clock(), thread_random()));
}

}  // namespace
}  // namespace sluice::actions
