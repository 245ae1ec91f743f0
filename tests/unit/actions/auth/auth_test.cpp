#include <gtest/gtest.h>

#include "actions/auth/credential.hpp"
#include "actions/auth/signature.hpp"

namespace sluice::actions {
namespace {

config::auth_settings settings_of(config::auth_kind kind)
{
    config::auth_settings settings;
    settings.kind = kind;
    settings.username = "shop";
    settings.password = secret_string("open sesame");
    settings.token = secret_string("t0ken");
    settings.key = secret_string("k3y");
    return settings;
}

std::string applied(config::auth_kind kind, bool masked = false)
{
    const auto made = make_credential(settings_of(kind));
    header_lines lines;
    if (*made) masked ? (*made)->apply_masked(lines) : (*made)->apply(lines);
    return lines.text;
}

TEST(Credential, EveryKindWritesItsHeader)
{
    EXPECT_EQ(applied(config::auth_kind::none), "");
    EXPECT_EQ(applied(config::auth_kind::basic),
              "authorization: Basic c2hvcDpvcGVuIHNlc2FtZQ==\r\n");
    EXPECT_EQ(applied(config::auth_kind::bearer), "authorization: Bearer t0ken\r\n");
    EXPECT_EQ(applied(config::auth_kind::api_key), "x-api-key: k3y\r\n");
}

TEST(Credential, EveryKindHidesItsSecretForPeople)
{
    for (auto kind :
         {config::auth_kind::basic, config::auth_kind::bearer, config::auth_kind::api_key}) {
        EXPECT_NE(applied(kind, true).find("***"), std::string::npos);
    }
}

TEST(Credential, RefusesSecretsThatWouldBreakTheHeader)
{
    auto bearer = settings_of(config::auth_kind::bearer);
    bearer.token = secret_string("abc\n");
    EXPECT_FALSE(make_credential(bearer));
    auto key = settings_of(config::auth_kind::api_key);
    key.header = "content-length";
    EXPECT_FALSE(make_credential(key));
    auto basic = settings_of(config::auth_kind::basic);
    basic.username = "a:b";
    EXPECT_FALSE(make_credential(basic));
}

// The example of the public specification.
TEST(Signature, MatchesTheStandardWebhooksExample)
{
    config::signing_settings settings;
    settings.secrets = {secret_string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
    const auto made = signature::make(settings);
    ASSERT_TRUE(made);
    std::string text;
    made->append_to(text, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})");
    EXPECT_EQ(text, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, ChangesWithEveryPart)
{
    config::signing_settings settings;
    settings.secrets = {secret_string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
    const auto made = signature::make(settings);
    const auto sign = [&](const char* id, const char* time, const char* body) {
        std::string text;
        made->append_to(text, id, time, body);
        return text;
    };
    const std::string base = sign("a", "1", "x");
    EXPECT_EQ(base, sign("a", "1", "x"));
    EXPECT_NE(base, sign("b", "1", "x"));
    EXPECT_NE(base, sign("a", "2", "x"));
    EXPECT_NE(base, sign("a", "1", "y"));
}

TEST(Signature, SignsWithEverySecretWhileAKeyIsRotated)
{
    config::signing_settings settings;
    settings.secrets = {secret_string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                        secret_string("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")};
    const auto made = signature::make(settings);
    ASSERT_TRUE(made);
    std::string text;
    made->append_to(text, "a", "1", "x");
    EXPECT_EQ(text.size(), 2 * 47U + 1);
    EXPECT_EQ(text[47], ' ');
}

TEST(Signature, RefusesKeysThatAreNotOnes)
{
    for (const char* text : {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=",
                             "whsec_!!!!", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"}) {
        config::signing_settings settings;
        settings.secrets = {secret_string(text)};
        EXPECT_FALSE(signature::make(settings)) << text;
    }
}

}  // namespace
}  // namespace sluice::actions
