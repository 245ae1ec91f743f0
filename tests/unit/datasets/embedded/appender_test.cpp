#include "datasets/embedded/appender.hpp"

#include <gtest/gtest.h>

namespace sluice::datasets::embedded {

TEST(Appender, ALoneWriterWaitsForNobody)
{
    EXPECT_EQ(appender::enough_for_sync(0, 0), 1u);  // the first write ever
    EXPECT_EQ(appender::enough_for_sync(1, 0), 1u);
    EXPECT_EQ(appender::enough_for_sync(1, 1), 1u);  // the other one is there already
}

TEST(Appender, HalfOfTheWritersAreSyncedWhileTheOthersAreAnswered)
{
    EXPECT_EQ(appender::enough_for_sync(64, 0), 32u);
    EXPECT_EQ(appender::enough_for_sync(4, 60), 32u);
    EXPECT_EQ(appender::enough_for_sync(32, 32), 32u);
}

}  // namespace sluice::datasets::embedded
