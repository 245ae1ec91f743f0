#pragma once
// Decides what the test receiver answers: a list of statuses per path prefix, a share of failures,
// a delay. Pure but for its own counters and the random source; one thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/clock.hpp"
#include "config/result.hpp"

namespace sluice::gateway {

/// `200,503x3,200`: each status so many times, the last one for ever.
class status_sequence {
public:
    /// The failure names the part that is wrong and shows a right one.
    [[nodiscard]] static result<status_sequence> parse(std::string_view text);

    /// The status of the next request.
    [[nodiscard]] int next() noexcept;

private:
    struct part {
        int status = 200;
        std::uint64_t count = 1;
    };
    std::vector<part> parts_;
    std::size_t current_ = 0;
    std::uint64_t used_ = 0;
};

/// `50ms`, `2s`, `1m`; a bare number counts milliseconds.
[[nodiscard]] result<std::chrono::milliseconds> parse_sink_duration(std::string_view text);

struct sink_script_settings {
    std::string status = "200";
    std::vector<std::string> on;  ///< `PATH_PREFIX=STATUSES`; the longest prefix wins
    double fail_share = 0.0;      ///< of the requests that would be answered 2xx
    int fail_status = 503;
    std::string delay = "0ms";
    bool hang = false;                         ///< requests are read and never answered
    std::optional<std::uint32_t> retry_after;  ///< seconds, sent with every answer that is not 2xx
};

struct sink_answer {
    int status = 200;
    std::chrono::milliseconds delay{0};
    bool hang = false;
    std::optional<std::uint32_t> retry_after;
};

class sink_script {
public:
    [[nodiscard]] static result<sink_script> make(const sink_script_settings& settings);

    [[nodiscard]] sink_answer answer(std::string_view target, random_source& random);

private:
    struct path_script {
        std::string prefix;
        status_sequence statuses;
    };
    sink_script_settings settings_;
    std::chrono::milliseconds delay_{0};
    status_sequence otherwise_;
    std::vector<path_script> paths_;  ///< longest prefix first
};

}  // namespace sluice::gateway
