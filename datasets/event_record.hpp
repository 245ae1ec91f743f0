#pragma once
// One event as the log keeps it. Views only: who owns the bytes is said at each use.

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/clock.hpp"
#include "config/named_type.hpp"

namespace sluice::datasets {

/// An event to append. All views must stay valid until `event_log::write` returns, which copies
/// them.
struct new_record {
    std::string_view id;                  ///< the client's or minted; never empty
    std::optional<std::string_view> key;  ///< ordering key
    std::string_view type;                ///< `meta.type`; may be empty
    std::string_view datastream;
    std::string_view source;  ///< dialect: native, edge, segment, cloudevents, sluice
    wall_time received_at{};
    std::string_view content;  ///< the event's JSON, byte for byte as accepted
    std::string_view extra;    ///< JSON object of further headers, or empty
};

/// A stored event; views into the record_batch that it came from.
struct record_view {
    offset position;
    std::string_view id;
    std::optional<std::string_view> key;
    std::string_view type;
    std::string_view datastream;
    std::string_view source;
    wall_time received_at{};
    std::string_view content;
    std::string_view extra;
};

/// A partition of a dataset, by name.
struct partition_ref {
    dataset_name dataset;
    partition_id partition;
    friend auto operator<=>(const partition_ref&, const partition_ref&) = default;
};

}  // namespace sluice::datasets
