#pragma once
// What the test receiver remembers: counts by path and status, the last requests, and one NDJSON
// line per request in a file or on stdout. One thread.

#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/clock.hpp"
#include "config/result.hpp"
#include "gateway/commands/sink_request.hpp"

namespace sluice::gateway {

struct sink_recorder_settings {
    std::string file = "-";   ///< `-`: stdout
    bool count_only = false;  ///< no lines, no last requests: as fast as it gets
    std::size_t keep = 1000;  ///< requests that `GET /__sink/requests` can show
};

/// `{"time":…,"method":…,"target":…,"headers":{…},"body":…,"status":…}` without a line end. A body
/// that is JSON stands as it came, so numbers keep their spelling; any other body is a string.
[[nodiscard]] std::string to_ndjson(const sink_request& request, int status, wall_time at);

class sink_recorder {
public:
    /// Fails with a sentence when the file can't be opened for appending.
    [[nodiscard]] static result<std::unique_ptr<sink_recorder>> open(
        const sink_recorder_settings& settings);
    ~sink_recorder();
    sink_recorder(const sink_recorder&) = delete;
    sink_recorder& operator=(const sink_recorder&) = delete;

    void record(const sink_request& request, int status, wall_time at);
    /// Lines reach the file; called a few times a second and before an answer to `/__sink/…`.
    void flush();

    [[nodiscard]] std::string stats_json() const;
    /// The last `count` requests as a JSON array, oldest first.
    [[nodiscard]] std::string requests_json(std::size_t count) const;
    [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }

private:
    explicit sink_recorder(const sink_recorder_settings& settings) : settings_(settings) {}

    sink_recorder_settings settings_;
    std::FILE* out_ = nullptr;
    bool owns_out_ = false;
    bool dirty_ = false;
    std::uint64_t requests_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::map<std::string, std::uint64_t, std::less<>> by_path_;
    std::map<int, std::uint64_t> by_status_;
    std::deque<std::string> last_;
};

}  // namespace sluice::gateway
