#include "gateway/commands/operate/table.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {

TEST(TextTable, NumbersStandToTheRightAndNamesToTheLeft)
{
    text_table table({"name", "n"});
    EXPECT_TRUE(table.is_empty());
    table.add({"long name", "7"});
    table.add({"x", "1,234"});
    EXPECT_EQ(table.text(), "name           n\nlong name      7\nx          1,234\n");
}

TEST(TextTable, CountsCharactersNotBytes)
{
    text_table table({"a", "b"});
    table.add({"é", "x"});
    EXPECT_EQ(table.text(), "a  b\né  x\n");
}

TEST(HumanNumbers, AreShort)
{
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(1234567), "1,234,567");
    EXPECT_EQ(human_bytes(1023), "1023 B");
    EXPECT_EQ(human_bytes(1536), "1.5 KiB");
    EXPECT_EQ(human_span(7 * 86'400'000ull), "7d");
    EXPECT_EQ(human_span(90'000), "90s");
    EXPECT_EQ(human_span(1'500), "1500ms");
}

}  // namespace sluice::gateway
