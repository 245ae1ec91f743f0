#include "actions/http/url.hpp"

#include <gtest/gtest.h>

namespace sluice::actions {
namespace {

TEST(Url, IsTakenApart)
{
    const auto parsed = parse_url("https://Api.Example.com:8443/hooks/in?tenant=7");
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->tls);
    EXPECT_EQ(parsed->host, "api.example.com");
    EXPECT_EQ(parsed->port, 8443);
    EXPECT_EQ(parsed->path, "/hooks/in");
    EXPECT_EQ(parsed->query, "tenant=7");
    EXPECT_EQ(parsed->authority(), "api.example.com:8443");
}

TEST(Url, KnowsTheDefaultPorts)
{
    EXPECT_EQ(parse_url("https://a.example")->port, 443);
    EXPECT_EQ(parse_url("http://a.example")->port, 80);
    EXPECT_EQ(parse_url("http://a.example")->path, "/");
    EXPECT_EQ(parse_url("https://a.example:443/")->authority(), "a.example");
    EXPECT_EQ(parse_url("https://a.example?x=1")->query, "x=1");
}

TEST(Url, TakesCanonicalAddresses)
{
    EXPECT_TRUE(parse_url("http://127.0.0.1:9000/")->host_is_address);
    const auto six = parse_url("http://[2001:db8::1]:81/");
    ASSERT_TRUE(six);
    EXPECT_TRUE(six->host_is_ipv6);
    EXPECT_EQ(six->authority(), "[2001:db8::1]:81");
    EXPECT_FALSE(parse_url("http://abc.de/")->host_is_address);
}

TEST(Url, RefusesEverySpellingThatTwoProgramsCouldReadDifferently)
{
    for (const char* text : {"http://2130706433/",
                             "http://0x7f000001/",
                             "http://0177.0.0.1/",
                             "http://127.1/",
                             "http://0x7f.1/",
                             "http://0/",
                             "http://127.0.0.1./",
                             "http://1.2.3/",
                             "http://256.256.256.256/",
                             "http://[::ffff:7f00:1]/",
                             "http://[0:0:0:0:0:0:0:1]/",
                             "http://[::1%25lo]/",
                             "http://[fe80::1%25eth0]/",
                             "http://localhost/",
                             "http://LOCALHOST./",
                             "http://x.localhost/",
                             "http://a@127.0.0.1/",
                             "http://public.example:80@127.0.0.1/",
                             "http://127.0.0.1\\@public.example/",
                             "http:\\\\127.0.0.1/",
                             "http://public.example#@127.0.0.1/",
                             "http://%31%32%37.0.0.1/",
                             "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",
                             "http://127\xe3\x80\x82"
                             "0.0.1/",
                             "http://exa\tmple.com/",
                             "http://exa\nmple.com/",
                             "http://example.com /",
                             "file:///etc/passwd",
                             "gopher://example.com/",
                             "ftp://example.com/",
                             "unix:/tmp/a",
                             "http://",
                             "http:///x",
                             "http://:80/",
                             "http://example.com:0/",
                             "http://example.com:65536/",
                             "http://example.com:/",
                             "http://example.com:8a/",
                             "example.com",
                             "",
                             "//example.com/",
                             "http://[::1/",
                             "http://[]/",
                             "http://-a.example/",
                             "http://a..example/",
                             "http://a.example:80:80/"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
}

TEST(Url, TakesALocalNameThatTheOperatorAllowed)
{
    EXPECT_TRUE(parse_url("http://localhost:8080/", {"localhost"}));
}

TEST(Url, RefusalsNameTheRemedy)
{
    EXPECT_NE(parse_url("http://localhost/").error().message.find("allow_private"),
              std::string::npos);
    EXPECT_NE(parse_url("http://u:p@example.com/").error().message.find("auth"), std::string::npos);
    EXPECT_EQ(parse_url("http://u:p@example.com/").error().message.find("u:p"), std::string::npos);
}

}  // namespace
}  // namespace sluice::actions
