#include "config/time_text.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

wall_time at(std::int64_t nanos)
{
    return wall_time(std::chrono::nanoseconds(nanos));
}

TEST(TimeText, FractionsLoseTheirTrailingZeros)
{
    EXPECT_EQ(format_time(at(0)), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_time(at(1'795'381'189'123'456'789)), "2026-11-22T20:59:49.123456789Z");
    EXPECT_EQ(format_time(at(500'000'000)), "1970-01-01T00:00:00.5Z");
    EXPECT_EQ(format_time(at(-1)), "1969-12-31T23:59:59.999999999Z");
}

TEST(TimeText, FormattedTimesAreReadBackExactly)
{
    for (const std::int64_t nanos :
         {0ll, 1ll, -1ll, 1'795'381'189'123'456'789ll, 951'827'696'000'000'000ll,
          -8'000'000'000'000'000'001ll, 9'000'000'000'000'000'000ll}) {
        EXPECT_EQ(parse_time(format_time(at(nanos))), at(nanos));
    }
}

TEST(TimeText, OffsetsAndLooseFormsAreUnderstood)
{
    const auto expected = parse_time("2025-03-01T11:59:58Z");
    ASSERT_TRUE(expected);
    EXPECT_EQ(parse_time("2025-03-01T12:59:58+01:00"), expected);
    EXPECT_EQ(parse_time("2025-03-01 06:29:58-05:30"), expected);
    EXPECT_EQ(parse_time("2025-03-01t11:59:58.000000000999z"), expected);
    EXPECT_EQ(parse_time("2016-12-31T23:59:60Z"), parse_time("2017-01-01T00:00:00Z"));
}

TEST(TimeText, WhatIsNoTimeIsRefused)
{
    for (const char* text :
         {"", "2025", "2025-03-01", "2025-03-01T11:59:58", "2025-02-29T00:00:00Z",
          "2025-13-01T00:00:00Z", "2025-03-01T24:00:00Z", "2025-03-01T00:60:00Z",
          "2025-03-01T00:00:61Z", "2025-03-01T00:00:00.Z", "2025-03-01T00:00:00+24:00",
          "2025-03-01T00:00:00+0100", "2025-03-01T00:00:00Z ", "1600-01-01T00:00:00Z",
          "9999-12-31T23:59:59Z", "-025-03-01T00:00:00Z"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

}  // namespace
}  // namespace sluice
