#pragma once
// Conditions in error, as samples in the log: at most ten per rule and minute, with the event's id
// and the error in words, never with values. Shared by all lanes; thread-safe.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "rules/rule_engine.hpp"

namespace sluice::gateway {

class rule_error_log {
public:
    static constexpr std::uint32_t samples_max = 10;  ///< per rule and minute

    using time_point = std::chrono::steady_clock::time_point;
    using writer = std::function<void(const std::string& line)>;

    /// Writes warnings into the process's log, or wherever a test wants them.
    explicit rule_error_log(writer write = {});

    /// An event for which some condition was in error. Explains it, which is slow, but only while
    /// samples are wanted.
    void note(const rules::rule_catalog& catalog, const rules::event_input& event, time_point now);

private:
    bool wants_more(time_point now);

    writer write_;
    std::mutex mutex_;  ///< guards all below; never held while explaining
    time_point minute_{};
    std::map<std::string, std::uint32_t> written_;  ///< per `set/rule` in this minute
    std::uint32_t in_vain_ = 0;  ///< events explained in this minute that gave no line
};

}  // namespace sluice::gateway
