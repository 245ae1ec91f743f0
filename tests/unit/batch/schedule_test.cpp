#include "batch/schedule.hpp"

#include <gtest/gtest.h>

#include "config/time_text.hpp"

namespace sluice::batch {
namespace {

using namespace std::chrono_literals;

wall_time at(const char* text)
{
    return parse_time(text).value();
}

schedule hourly(std::optional<std::string> start = {}, std::optional<std::string> end = {})
{
    config::export_settings settings;
    settings.interval = 1h;
    settings.start_at = std::move(start);
    settings.end_at = std::move(end);
    return make_schedule(settings).value().value();
}

TEST(Schedule, WithoutIntervalRunsOnlyOnDemand)
{
    EXPECT_FALSE(make_schedule({}).value().has_value());
}

TEST(Schedule, BoundariesAreWholeIntervalsSinceTheEpoch)
{
    EXPECT_EQ(due_boundary(hourly(), std::nullopt, at("2026-01-01T10:20:00Z")),
              at("2026-01-01T10:00:00Z"));
    EXPECT_EQ(next_boundary(hourly(), at("2026-01-01T10:20:00Z")), at("2026-01-01T11:00:00Z"));
    EXPECT_EQ(next_boundary(hourly(), at("2026-01-01T10:00:00Z")), at("2026-01-01T11:00:00Z"));
}

TEST(Schedule, StartShiftsTheBoundaries)
{
    const auto plan = hourly("2026-01-01T00:15:00Z");
    EXPECT_EQ(due_boundary(plan, std::nullopt, at("2026-01-01T10:20:00Z")),
              at("2026-01-01T10:15:00Z"));
    EXPECT_EQ(due_boundary(plan, std::nullopt, at("2026-01-01T00:14:59Z")), std::nullopt);
    EXPECT_EQ(due_boundary(plan, std::nullopt, at("2026-01-01T00:15:00Z")),
              at("2026-01-01T00:15:00Z"));
    EXPECT_EQ(next_boundary(plan, at("2025-06-01T00:00:00Z")), at("2026-01-01T00:15:00Z"));
}

TEST(Schedule, AWindowIsDueOnce)
{
    const auto now = at("2026-01-01T10:20:00Z");
    EXPECT_EQ(due_boundary(hourly(), at("2026-01-01T10:00:00Z"), now), std::nullopt);
    EXPECT_EQ(due_boundary(hourly(), at("2026-01-01T09:00:00Z"), now), at("2026-01-01T10:00:00Z"));
}

TEST(Schedule, MissedWindowsAreOneRun)
{
    const auto due = due_boundary(hourly(), at("2026-01-01T03:00:00Z"), at("2026-01-01T10:20:00Z"));
    EXPECT_EQ(due, at("2026-01-01T10:00:00Z"));
    EXPECT_EQ(due_boundary(hourly(), due, at("2026-01-01T10:20:00Z")), std::nullopt);
}

TEST(Schedule, TheEndIsTheLastBoundary)
{
    const auto plan = hourly({}, "2026-01-01T10:30:00Z");
    EXPECT_EQ(next_boundary(plan, at("2026-01-01T10:10:00Z")), at("2026-01-01T10:30:00Z"));
    EXPECT_EQ(due_boundary(plan, std::nullopt, at("2026-03-01T00:00:00Z")),
              at("2026-01-01T10:30:00Z"));
    EXPECT_EQ(due_boundary(plan, at("2026-01-01T10:30:00Z"), at("2026-03-01T00:00:00Z")),
              std::nullopt);
    EXPECT_EQ(next_boundary(plan, at("2026-01-01T10:30:00Z")), std::nullopt);
}

TEST(Schedule, TimesBeforeTheEpochAreAlignedDownwards)
{
    EXPECT_EQ(due_boundary(hourly(), std::nullopt, at("1969-12-31T23:59:00Z")),
              at("1969-12-31T23:00:00Z"));
}

TEST(Schedule, WrongTimesNameTheSetting)
{
    config::export_settings settings;
    settings.interval = 1h;
    settings.start_at = "yesterday";
    EXPECT_NE(make_schedule(settings).error().message.find("start_at"), std::string::npos);
    settings.start_at = "2026-02-01T00:00:00Z";
    settings.end_at = "2026-01-01T00:00:00Z";
    EXPECT_NE(make_schedule(settings).error().message.find("before"), std::string::npos);
    settings.interval = 10ms;
    EXPECT_TRUE(make_schedule(settings).has_error());
}

TEST(Schedule, RetriesBackOffToTenMinutes)
{
    EXPECT_EQ(retry_delay(1), 10s);
    EXPECT_EQ(retry_delay(2), 20s);
    EXPECT_EQ(retry_delay(50), 600s);
}

}  // namespace
}  // namespace sluice::batch
