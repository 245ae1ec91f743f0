#include "gateway/lanes/parked_event.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {

namespace {

using namespace std::chrono_literals;

TEST(ParkedEvent, ReadsBackWhatItWrote)
{
    parked_event p;
    p.destination = destination_name{"crm"};
    p.rules = {"shop/a", "shop/b"};
    p.origin = dataset_name{"web"};
    p.origin_partition = partition_id{3};
    p.origin_offset = offset{1234567890123};
    p.received_at = wall_time{1700000000123456789ns};
    p.due_at = p.received_at + 30s;
    p.failed_at = p.received_at + 1s;
    p.rounds = 2;
    p.attempts = 9;
    p.counts = false;
    p.reason = "http_503";
    p.detail = "answered \"503\"\n";
    p.status = 503;
    p.response = "\xff not UTF-8";
    p.step = "update";
    p.step_attempts = 4;
    p.results = {{"find", R"({"body":{"n":12345678901234567890123,"x":1.10}})"}, {"a", "{}"}};
    const auto read = parse_extra(to_extra(p));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->step, "update");
    EXPECT_EQ(read->step_attempts, 4u);
    EXPECT_EQ(read->results, p.results) << "byte for byte, in the order in which they ran";
    EXPECT_EQ(read->destination, p.destination);
    EXPECT_EQ(read->rules, p.rules);
    EXPECT_EQ(read->origin, p.origin);
    EXPECT_EQ(read->origin_partition, p.origin_partition);
    EXPECT_EQ(read->origin_offset, p.origin_offset);
    EXPECT_EQ(read->received_at, p.received_at);
    EXPECT_EQ(read->due_at, p.due_at);
    EXPECT_EQ(read->rounds, 2u);
    EXPECT_EQ(read->attempts, 9u);
    EXPECT_FALSE(read->counts);
    EXPECT_EQ(read->detail, p.detail);
    EXPECT_EQ(read->status, 503);
}

TEST(ParkedEvent, RefusesWhatItDidNotWrite)
{
    for (const char* text : {"", "[]", "{}", "{\"destination\":1}", "not json"}) {
        EXPECT_TRUE(parse_extra(text).has_error()) << text;
    }
}

TEST(WebhookId, IsStableAndSafeInAHeader)
{
    EXPECT_EQ(make_webhook_id("ord-1001", "purchases/crm"), "ord-1001.purchases:crm");
    const auto odd = make_webhook_id("a\r\nb: c", "s/r");
    EXPECT_EQ(odd, make_webhook_id("a\r\nb: c", "s/r"));
    EXPECT_EQ(odd.find_first_of("\r\n "), std::string::npos);
    EXPECT_NE(odd, make_webhook_id("a\r\nb: d", "s/r"));
    EXPECT_LT(make_webhook_id(std::string(5000, 'x'), "s/r").size(), 100u);
}

}  // namespace

}  // namespace sluice::gateway
