#include "batch/schedule.hpp"

#include <algorithm>

#include "batch/export_error.hpp"
#include "config/time_text.hpp"

namespace sluice::batch {
namespace {

result<std::optional<wall_time>> read_time(const std::optional<std::string>& text, const char* key)
{
    if (!text) return std::optional<wall_time>{};
    if (const auto time = parse_time(*text)) return std::optional<wall_time>{*time};
    return export_failure(
        export_errc::bad_settings,
        fmt::format("'{}' of {} is no time: write it as 2026-01-31T00:00:00Z", *text, key));
}

/// The newest aligned boundary at or before `time`, without regard to start and end.
wall_time aligned_down(const schedule& plan, wall_time time)
{
    const std::chrono::nanoseconds step = plan.interval;
    const auto since = time - plan.anchor;
    auto periods = since / step;
    if (since < std::chrono::nanoseconds{0} && periods * step != since) --periods;
    return plan.anchor + periods * step;
}

}  // namespace

result<std::optional<schedule>> make_schedule(const config::export_settings& settings)
{
    auto start = read_time(settings.start_at, "start_at");
    if (!start) return start.error();
    auto end = read_time(settings.end_at, "end_at");
    if (!end) return end.error();
    if (!settings.interval) return std::optional<schedule>{};
    if (*settings.interval < std::chrono::seconds{1}) {
        return export_failure(export_errc::bad_settings,
                              "interval is below one second: use at least 1s, better 1m or more");
    }
    if (*start && *end && **end < **start) {
        return export_failure(export_errc::bad_settings,
                              "end_at lies before start_at: exchange them or remove end_at");
    }
    schedule plan{.interval = *settings.interval, .start = *start, .end = *end};
    if (*start) plan.anchor = **start;
    return std::optional<schedule>{plan};
}

std::optional<wall_time> due_boundary(const schedule& plan, std::optional<wall_time> last_exported,
                                      wall_time now)
{
    auto boundary = aligned_down(plan, now);
    if (plan.end && now >= *plan.end) boundary = *plan.end;
    if (plan.start && boundary < *plan.start) return std::nullopt;
    if (last_exported && boundary <= *last_exported) return std::nullopt;
    return boundary;
}

std::optional<wall_time> next_boundary(const schedule& plan, wall_time time)
{
    auto boundary = aligned_down(plan, time) + std::chrono::nanoseconds{plan.interval};
    if (plan.start) boundary = std::max(boundary, *plan.start);
    if (plan.end) {
        if (time >= *plan.end) return std::nullopt;
        boundary = std::min(boundary, *plan.end);
    }
    return boundary;
}

std::chrono::seconds retry_delay(unsigned failures_in_a_row)
{
    const auto doublings = std::min(failures_in_a_row == 0 ? 0U : failures_in_a_row - 1, 6U);
    return std::min(std::chrono::seconds{10} * (1U << doublings), std::chrono::seconds{600});
}

}  // namespace sluice::batch
