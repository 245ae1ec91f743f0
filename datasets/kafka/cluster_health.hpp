#pragma once
// Decides whether writes are worth queueing: ok -> refusing -> ok. Thread-safe; the fast question
// is one load. While refusing, writes fail at once, and somebody has to ask the cluster again and
// tell `reached` when it answers.

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "datasets/event_log.hpp"

namespace sluice::datasets::kafka {

class cluster_health {
public:
    [[nodiscard]] bool is_refusing() const noexcept
    {
        return is_refusing_.load(std::memory_order_relaxed);
    }
    /// No broker answers, or one did not confirm within the deadline.
    void unreachable(const std::string& reason);
    /// The producer can't go on and is being renewed; only `renewed` ends this.
    void broken(const std::string& reason);
    void renewed();
    /// A broker answered, or confirmed a record.
    void reached();
    /// Why this gateway can't take part in a group: events are taken, others have to deliver
    /// them. Empty: it takes part.
    void outside(const std::string& group, const std::string& reason);

    [[nodiscard]] log_status status() const;

private:
    void set(bool refusing);

    std::atomic<bool> is_refusing_{false};
    mutable std::mutex mutex_;
    std::string unreachable_;
    std::string broken_;
    std::map<std::string, std::string> outside_;  ///< group -> reason
    std::atomic<bool> is_outside_{false};
};

}  // namespace sluice::datasets::kafka
