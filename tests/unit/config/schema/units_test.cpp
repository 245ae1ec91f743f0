#include "config/schema/units.hpp"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

using std::chrono::milliseconds;

TEST(Units, DurationsAreReadWithTheirUnit)
{
    EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
    EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
    EXPECT_EQ(parse_duration("1.5h"), milliseconds(5'400'000));
    EXPECT_EQ(parse_duration("1h30m"), milliseconds(5'400'000));
    EXPECT_EQ(parse_duration("7d"), milliseconds(604'800'000));
    EXPECT_EQ(parse_duration("0"), milliseconds(0));
}

TEST(Units, WhatIsNoDurationIsRefused)
{
    for (const char* text : {"", "10", "s", "10 s", "-1s", "1.s", "1m1h", "1s1s", "1.0001ms", "10S",
                             "1d 2h", "99999999999d", "99999999999999999999s", "1y"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Units, SizesKnowBinaryAndDecimalUnits)
{
    EXPECT_EQ(parse_bytes("4096"), 4096u);
    EXPECT_EQ(parse_bytes("64KiB"), 65'536u);
    EXPECT_EQ(parse_bytes("1.5 GiB"), 1'610'612'736u);
    EXPECT_EQ(parse_bytes("10MB"), 10'000'000u);
    EXPECT_EQ(parse_bytes("1kb"), 1'000u);
    EXPECT_EQ(parse_bytes("18446744073709551615"), UINT64_MAX);
}

TEST(Units, WhatIsNoSizeIsRefused)
{
    for (const char* text : {"", "KiB", "-1", "1.5", "1.3B", "64 megs", "1K", "1  KiB",
                             "18446744073709551616", "99999999999TiB"}) {
        EXPECT_FALSE(parse_bytes(text)) << text;
    }
}

TEST(Units, FormattedValuesAreReadBackExactly)
{
    for (const std::int64_t ms : {0, 1, 999, 1'000, 1'500, 60'000, 90'000, 3'600'000, 86'400'000}) {
        EXPECT_EQ(parse_duration(format_duration(milliseconds(ms))), milliseconds(ms));
    }
    for (const std::uint64_t bytes :
         {0ull, 1ull, 1023ull, 1024ull, 1000ull, 1'000'000ull, 1ull << 40}) {
        EXPECT_EQ(parse_bytes(format_bytes(bytes)), bytes) << format_bytes(bytes);
    }
    EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
    EXPECT_EQ(format_bytes(64 * 1024), "64KiB");
    EXPECT_EQ(format_bytes(10'000'000), "10MB");
}

}  // namespace
}  // namespace sluice::config
