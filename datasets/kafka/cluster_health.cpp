#include "datasets/kafka/cluster_health.hpp"

#include <spdlog/spdlog.h>

namespace sluice::datasets::kafka {

void cluster_health::set(bool refusing)
{
    const bool was = is_refusing_.exchange(refusing);
    if (was == refusing) return;
    if (refusing) {
        spdlog::error("kafka: events are refused: {}", broken_.empty() ? unreachable_ : broken_);
    } else {
        spdlog::info("kafka: the cluster answers again, events are taken");
    }
}

void cluster_health::unreachable(const std::string& reason)
{
    std::lock_guard lock(mutex_);
    unreachable_ = reason;
    set(true);
}

void cluster_health::broken(const std::string& reason)
{
    std::lock_guard lock(mutex_);
    broken_ = reason;
    set(true);
}

void cluster_health::renewed()
{
    std::lock_guard lock(mutex_);
    broken_.clear();
    set(!unreachable_.empty());
}

void cluster_health::reached()
{
    if (!is_refusing()) return;
    std::lock_guard lock(mutex_);
    unreachable_.clear();
    set(!broken_.empty());
}

void cluster_health::outside(const std::string& group, const std::string& reason)
{
    std::lock_guard lock(mutex_);
    const auto known = outside_.find(group);
    if (reason == (known == outside_.end() ? std::string() : known->second)) return;
    if (reason.empty()) {
        outside_.erase(known);
    } else {
        outside_[group] = reason;
        spdlog::error("kafka: {}", reason);
    }
    is_outside_ = !outside_.empty();
}

log_status cluster_health::status() const
{
    if (!is_refusing() && !is_outside_) return {};
    std::lock_guard lock(mutex_);
    log_status out;
    if (!is_refusing()) {
        if (!outside_.empty()) out.reason = outside_.begin()->second;
        return out;
    }
    out.reason = broken_.empty() ? unreachable_ : broken_;
    if (!broken_.empty()) {
        out.health = log_health::reopening;
    } else if (!unreachable_.empty()) {
        out.health = log_health::refusing;
    }
    return out;
}

}  // namespace sluice::datasets::kafka
