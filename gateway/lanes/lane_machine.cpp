#include "gateway/lanes/lane_machine.hpp"

#include <algorithm>

namespace sluice::gateway {

using actions::outcome_class;

std::string_view to_text(lane_state s) noexcept
{
    switch (s) {
        case lane_state::running:
            return "running";
        case lane_state::paused:
            return "paused";
        case lane_state::disabled:
            return "disabled";
    }
    return "unknown";
}

unit_step lane_machine::on_outcome(std::uint64_t unit, const actions::delivery_outcome& outcome,
                                   steady_time now)
{
    if (probing_ == unit) probing_ = 0;
    switch (outcome.next) {
        case outcome_class::delivered:
            forget(unit);
            ++delivered_;
            streak_ = 0;
            if (state_ == lane_state::paused) enable();
            return unit_step::delivered;
        case outcome_class::retry:
        case outcome_class::throttle:
            if (outcome.reason == "stopping") return unit_step::hold;
            forget(unit);
            return unit_step::park;
        case outcome_class::reject:
            forget(unit);
            return unit_step::bury;
        case outcome_class::setup:
            return on_setup(unit, outcome, now);
        case outcome_class::disable:
            state_ = lane_state::disabled;
            reason_ = outcome.detail;
            return unit_step::hold;
    }
    return unit_step::hold;
}

unit_step lane_machine::on_setup(std::uint64_t unit, const actions::delivery_outcome& outcome,
                                 steady_time now)
{
    const auto known =
        std::find_if(held_.begin(), held_.end(), [&](const suspect& s) { return s.unit == unit; });
    const bool is_about_status = outcome.status != 0;
    if (is_about_status && known != held_.end() && delivered_ > known->delivered_before) {
        held_.erase(known);
        return unit_step::bury;
    }
    if (known == held_.end()) {
        held_.push_back({unit, delivered_});
        ++streak_;
    }
    reason_ = outcome.detail;
    probe_at_ = now + settings_.probe_interval;
    if (!is_about_status || streak_ >= settings_.events_to_pause) state_ = lane_state::paused;
    return unit_step::hold;
}

bool lane_machine::may_try(std::uint64_t unit, steady_time now)
{
    if (state_ == lane_state::disabled) return false;
    const auto known =
        std::find_if(held_.begin(), held_.end(), [&](const suspect& s) { return s.unit == unit; });
    if (state_ == lane_state::running) {
        if (known == held_.end() || delivered_ > known->delivered_before) return true;
    }
    if (now < probe_at_ || probing_ != 0) return false;
    // one probe at a time, and different events in turn
    probing_ = unit;
    probe_at_ = now + settings_.probe_interval;
    if (known != held_.end()) std::rotate(known, known + 1, held_.end());
    return true;
}

void lane_machine::enable() noexcept
{
    state_ = lane_state::running;
    reason_.clear();
    streak_ = 0;
    probe_at_ = {};
}

void lane_machine::forget(std::uint64_t unit)
{
    std::erase_if(held_, [&](const suspect& s) { return s.unit == unit; });
}

}  // namespace sluice::gateway
