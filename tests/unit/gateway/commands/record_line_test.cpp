#include "gateway/commands/record_line.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {

TEST(RecordLine, TheEventIsTakenAsItStands)
{
    const auto read = read_record_line(
        R"({"id":"a","offset":7,"received_at":"2026-11-26T00:00:00Z","event":{ "n":1e400,"event":{"event":1}}})"
        "\n");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->head.at("offset"), 7);
    EXPECT_EQ(read->event, R"({ "n":1e400,"event":{"event":1}})");
}

TEST(RecordLine, ATextThatLooksLikeTheEventIsNotTakenForIt)
{
    const auto read = read_record_line(R"({"id":"x,\"event\":1","event":{}})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->head.at("id"), R"(x,"event":1)");
    EXPECT_EQ(read->event, "{}");
}

TEST(RecordLine, OtherTextIsNoLine)
{
    EXPECT_FALSE(read_record_line(""));
    EXPECT_FALSE(read_record_line("{}"));
    EXPECT_FALSE(read_record_line(R"({"id":"a","event":{})"
                                  "\n "));
    EXPECT_FALSE(read_record_line(R"({"id":a,"event":{}})"));
}

}  // namespace sluice::gateway
