#pragma once
// What a log refused and removed since it was opened, by reason. An engine owns one and counts;
// metrics and status read copies. Thread-safe; touched per refusal and per trim, never per event
// that is accepted.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "config/named_type.hpp"

namespace sluice::datasets {

struct log_counts {
    /// Events by why they were refused: quota, space, queue, store.
    std::map<std::string, std::uint64_t, std::less<>> refused;
    /// Records by dataset and why they were removed: age, bytes, operator.
    std::map<std::pair<dataset_name, std::string>, std::uint64_t> trimmed;
};

class log_counters {
public:
    void count_refused(std::string_view reason, std::uint64_t events)
    {
        if (events == 0) return;
        std::lock_guard lock(mutex_);
        counts_.refused[std::string(reason)] += events;
    }
    void count_trimmed(const dataset_name& dataset, std::string_view reason, std::uint64_t records)
    {
        if (records == 0) return;
        std::lock_guard lock(mutex_);
        counts_.trimmed[{dataset, std::string(reason)}] += records;
    }
    [[nodiscard]] log_counts counts() const
    {
        std::lock_guard lock(mutex_);
        return counts_;
    }

private:
    mutable std::mutex mutex_;
    log_counts counts_;
};

}  // namespace sluice::datasets
