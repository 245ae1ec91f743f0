#pragma once
// From request bodies to durable records: validates each event, finds or mints its id, appends, waits.
// One per thread; every dialect (native, CloudEvents, Segment, Edge) ends here.

#include "config/clock.hpp"
#include "config/result.hpp"
#include "config/settings_gateway.hpp"
#include "datasets/event_log.hpp"
#include "gateway/http/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gateway {

/// One event of a request, before validation; views into the request body.
struct incoming_event {
    std::string_view json;
    std::string_view id;      ///< when the dialect knows it outside the event (CloudEvents binary)
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

struct intake_stats;

class event_intake {
public:
    virtual ~event_intake() = default;
    /// Suspends until all good events are durable. Failure: nothing was accepted for sure (the log's error).
    virtual boost::asio::awaitable<result<intake_result>> accept(
        std::string_view datastream, std::string_view source,
        const std::vector<incoming_event>& events, std::string_view request_id) = 0;
};

}  // namespace sluice::gateway
