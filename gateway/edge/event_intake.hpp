#pragma once
// From request bodies to durable records: validates each event, finds or mints its id, appends,
// waits. One per thread; every dialect (native, CloudEvents, Segment, Edge) ends here.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/clock.hpp"
#include "config/named_type.hpp"
#include "config/result.hpp"
#include "config/settings_gateway.hpp"
#include "datasets/event_log.hpp"
#include "gateway/completion_queue.hpp"
#include "gateway/edge/intake_stats.hpp"
#include "gateway/http/message.hpp"

namespace sluice::gateway {

/// One event of a request, before validation; views into the request body.
struct incoming_event {
    std::string_view json;
    std::string_view id;  ///< when the dialect knows it outside the event (CloudEvents binary)
    std::string_view type;
};

struct rejected_event {
    std::size_t index = 0;
    std::string title;
    std::string detail;
};

/// What the endpoint turns into 202, 207 or a problem.
struct intake_result {
    std::size_t accepted = 0;
    std::vector<rejected_event> rejected;
};

/// The ordering key of an event, or nothing. The view lasts until the next call. Built by assembly
/// from the datastream's CEL expression; called on the intake's thread.
using ordering_key_function =
    std::function<std::optional<std::string_view>(std::string_view event_json)>;

/// A datastream as this thread sees it.
struct intake_datastream {
    std::string name;
    dataset_name dataset;
    std::uint32_t partitions = 1;
    std::vector<secret_string> tokens;  ///< bearer tokens; empty: open
    std::string id_path;                ///< dotted; empty: the usual names
    ordering_key_function key;          ///< empty: no order between events
    bool is_enabled = true;
};

enum class intake_errc : std::uint8_t {
    unknown_datastream = 1,
    overloaded,  ///< too many bytes wait to become durable: send again later
    timed_out,   ///< not durable within ingest.append_timeout; it may still become so
};

[[nodiscard]] boost::system::error_code make_error_code(intake_errc e) noexcept;

class event_intake {
public:
    virtual ~event_intake() = default;
    /// Suspends until all good events are durable. Failure: nothing was accepted for sure (the
    /// log's error or an intake_errc).
    virtual boost::asio::awaitable<result<intake_result>> accept(
        std::string_view datastream, std::string_view source,
        const std::vector<incoming_event>& events, std::string_view request_id) = 0;

    /// The datastream of that name; with an empty name the only one there is. Null: none, or
    /// disabled.
    [[nodiscard]] virtual const intake_datastream* find_datastream(std::string_view name) const = 0;

    /// How long a refused client should wait.
    [[nodiscard]] virtual std::chrono::milliseconds retry_after() const = 0;

    /// For reload, on the intake's thread. Requests under way finish with the datastreams they
    /// began with.
    virtual void replace_datastreams(std::vector<intake_datastream> datastreams) = 0;
};

/// What an intake uses; all of it outlives the intake and belongs to its thread, except the log.
struct intake_tools {
    datasets::event_log& log;
    completion_queue& completions;
    const clock_source& clock;
    random_source& random;
    intake_stats& stats;
};

/// `settings.in_flight_bytes_max` is this thread's share.
[[nodiscard]] std::unique_ptr<event_intake> make_event_intake(
    std::vector<intake_datastream> datastreams, const config::ingest_settings& settings,
    intake_tools tools);

}  // namespace sluice::gateway

template <>
struct boost::system::is_error_code_enum<sluice::gateway::intake_errc> : std::true_type {
};
