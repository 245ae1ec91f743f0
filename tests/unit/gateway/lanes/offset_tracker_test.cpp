#include "gateway/lanes/offset_tracker.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {

namespace {

datasets::cursor_state from(std::uint64_t next)
{
    return {offset{next}, offset{next}, {}};
}

TEST(OffsetTracker, MovesTheCursorOnlyToTheLowestUnfinishedRecord)
{
    offset_tracker t(from(10));
    for (std::uint64_t i = 10; i < 13; ++i) t.begin(offset{i});
    t.finish(offset{11}, record_fate::delivered);
    t.finish(offset{12}, record_fate::delivered);
    EXPECT_EQ(t.committable().next, offset{10});
    EXPECT_EQ(t.finished_ahead(), 2u);
    t.finish(offset{10}, record_fate::filtered);
    EXPECT_EQ(t.committable().next, offset{13});
    EXPECT_EQ(t.committable().counts.delivered, 2u);
    EXPECT_EQ(t.committable().counts.filtered, 1u);
    EXPECT_EQ(t.finished_ahead(), 0u);
}

TEST(OffsetTracker, CountsOnlyWhatIsBelowTheCursor)
{
    offset_tracker t(from(0));
    t.begin(offset{0});
    t.begin(offset{1});
    t.finish(offset{1}, record_fate::dead);
    EXPECT_EQ(t.committable().counts.dead, 0u);
    t.finish(offset{0}, record_fate::retrying);
    EXPECT_EQ(t.committable().counts.dead, 1u);
    EXPECT_EQ(t.committable().counts.retrying, 1u);
}

TEST(OffsetTracker, CountsAHoleInTheLogAsExpired)
{
    offset_tracker t(from(5));
    t.begin(offset{8});
    t.finish(offset{8}, record_fate::delivered);
    EXPECT_EQ(t.committable().next, offset{9});
    EXPECT_EQ(t.committable().counts.expired, 3u);
    EXPECT_EQ(t.committable().counts.delivered, 1u);
}

TEST(OffsetTracker, GoesOnFromTheCountsOfAStoredCursor)
{
    datasets::cursor_state stored{offset{7}, offset{2}, {}};
    stored.counts.delivered = 5;
    offset_tracker t(stored);
    EXPECT_EQ(t.next_to_begin(), offset{7});
    t.begin(offset{7});
    EXPECT_EQ(t.unfinished(), 1u);
    t.finish(offset{7}, record_fate::delivered);
    EXPECT_EQ(t.committable().counts.delivered, 6u);
    EXPECT_EQ(t.committable().start, offset{2});
}

TEST(OffsetTrackerDeathTest, RefusesToFinishARecordTwice)
{
    offset_tracker t(from(0));
    t.begin(offset{0});
    t.begin(offset{1});
    t.finish(offset{1}, record_fate::delivered);
    EXPECT_DEATH(t.finish(offset{1}, record_fate::delivered), "finishes once");
}

}  // namespace

}  // namespace sluice::gateway
