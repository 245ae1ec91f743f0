#include "actions/http/header_guard.hpp"

#include <gtest/gtest.h>

namespace sluice::actions {
namespace {

using namespace std::string_view_literals;

TEST(HeaderGuard, RefusesEveryByteThatCouldEndALine)
{
    for (std::string_view value :
         {"a\rb"sv, "a\nb"sv, "a\r\nx-evil: 1"sv, "a\0b"sv, "a\x7f"sv, "a\x01"sv, "a\x1b[0m"sv,
          "\xe7\x98\x8a"sv, "\xc4\x8a"sv, "\xc4\x8d"sv, "\xc2\x85"sv, "\xff"sv, "\xc0\x8a"sv,
          "\xe0\x80\x8a"sv, "\xed\xa0\x80"sv, "\xe7\x98"sv, "\xf5\x80\x80\x80"sv}) {
        EXPECT_TRUE(check_rule_header("x-a", value)) << value;
    }
}

TEST(HeaderGuard, TakesOrdinaryTextOfAllScripts)
{
    for (std::string_view value :
         {""sv, "plain"sv, "tab\tand space"sv, "Grüße"sv, "日本"sv, "😀"sv}) {
        EXPECT_FALSE(check_rule_header("x-a", value)) << value;
    }
}

TEST(HeaderGuard, RefusesNamesThatAreNoTokens)
{
    for (std::string_view name : {""sv, "x a"sv, "x:a"sv, "x\r\na"sv, "x\0"sv, "ä"sv, "a\n"sv}) {
        EXPECT_TRUE(check_rule_header(name, "1")) << name;
    }
}

TEST(HeaderGuard, RefusesNamesThatFrameOrProveTheMessage)
{
    for (std::string_view name :
         {"Host"sv, "content-length"sv, "Transfer-Encoding"sv, "connection"sv, "Expect"sv,
          "Upgrade"sv, "webhook-id"sv, "Webhook-Signature"sv, "WEBHOOK-anything"sv, "te"sv,
          "trailer"sv}) {
        EXPECT_TRUE(check_rule_header(name, "1")) << name;
    }
    EXPECT_FALSE(check_rule_header("x-webhook-id", "1"));
}

TEST(HeaderGuard, RefusesValuesBeyondTheLimit)
{
    EXPECT_FALSE(check_rule_header("x-a", std::string(header_value_bytes_max, 'a')));
    EXPECT_TRUE(check_rule_header("x-a", std::string(header_value_bytes_max + 1, 'a')));
}

TEST(HeaderGuard, RefusesTargetsThatCouldBreakTheRequestLine)
{
    for (std::string_view target : {"/a b"sv, "/a\r\n"sv, "/a\0"sv, "/ü"sv, "/a#b"sv, "/a\\b"sv,
                                    "/a HTTP/1.1\r\nx: y"sv, "/\x7f"sv}) {
        EXPECT_FALSE(is_request_target(target)) << target;
    }
    EXPECT_TRUE(is_request_target("/a%20b?x=1&y=%C3%BC"));
}

}  // namespace
}  // namespace sluice::actions
