#pragma once
// A REST destination as a lane uses it: give it a request, get the final outcome of its inline
// attempts. One object per lane, on the lane's thread; pool, throttle, breaker and credentials live
// inside it.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actions/outcome.hpp"
#include "config/clock.hpp"
#include "config/result.hpp"
#include "config/settings_destinations.hpp"
#include "rules/steps/status_range.hpp"

namespace sluice::actions {

/// What came back from the last attempt of a step.
struct received_answer {
    int status = 0;  ///< 0: no answer
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// What the step of a rule asks for beyond an ordinary request. Must outlive the delivery.
struct step_options {
    std::string_view target;  ///< of a lane with several destinations
    std::optional<std::chrono::milliseconds> timeout;  ///< of an attempt, not the destination's
    std::span<const rules::status_range> accept;       ///< what counts as delivered
    std::uint64_t response_bytes_max = 64 * 1024;
    bool is_event_path = false;         ///< a 404 is about the event, not about the destination
    received_answer* answer = nullptr;  ///< takes what came back; not null
};

/// One request to make. Views must stay valid until the awaitable has finished.
struct outgoing_request {
    std::string_view method;
    std::string_view path;  ///< behind the destination's own path; with query
    const std::vector<std::pair<std::string, std::string>>* headers = nullptr;
    std::string_view body;
    std::string_view content_type;
    std::string_view webhook_id;  ///< stable per event and action
    const step_options* step = nullptr;  ///< null: an ordinary request
};

struct destination_stats {
    std::uint64_t attempts = 0;
    std::uint64_t delivered = 0, retried = 0, throttled = 0, setup_errors = 0, rejected = 0;
    std::uint64_t connections_opened = 0, connections_reused = 0, connections_open = 0;
    std::uint64_t breaker_opened = 0;
    std::uint64_t bytes_sent = 0, bytes_received = 0;
    std::uint64_t latency_us_sum = 0;
    std::uint64_t latency_buckets[16] = {};  ///< upper bounds 0.25 ms · 2^i
};

enum class breaker_state : std::uint8_t { closed, open, half_open };

class destination {
public:
    virtual ~destination() = default;

    /// Sends with inline retries inside one deadline; never throws, never returns without a reason.
    /// While the breaker is open it waits (the lane's window fills, which is the back-pressure).
    /// Cancelled by stop(): then the outcome is `retry` with reason `stopping`, no attempt counted.
    virtual boost::asio::awaitable<delivery_outcome> deliver(const outgoing_request& request) = 0;

    /// Ends waits and closes idle connections; attempts in flight get until `grace` to finish.
    virtual void stop(std::chrono::milliseconds grace) = 0;

    [[nodiscard]] virtual const destination_stats& stats() const = 0;
    [[nodiscard]] virtual breaker_state breaker() const = 0;
    /// The request with credentials as `***`, for explain and dry runs.
    [[nodiscard]] virtual std::string describe(const outgoing_request& request) const = 0;
};

/// Fails with a sentence when the URL, TLS files or the like can't be used.
[[nodiscard]] result<std::unique_ptr<destination>> make_rest_destination(
    std::string name, const config::destination_settings& settings, boost::asio::any_io_executor on,
    const clock_source& clock, random_source& random);

}  // namespace sluice::actions
