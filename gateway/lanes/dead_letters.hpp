#pragma once
// Reading and handling dead letters: list, redrive, drop. The log itself is append-only; what was
// done with a dead letter stands in a document beside it. Blocking; for tools and the admin
// listener's worker.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/result.hpp"
#include "datasets/event_log.hpp"
#include "gateway/lanes/parked_event.hpp"

namespace sluice::gateway {

enum class dead_state : std::uint8_t { dead, redriven, dropped };
[[nodiscard]] std::string_view to_text(dead_state s) noexcept;

struct dead_letter {
    offset position;  ///< within the destination's dead letters; what people name it by
    std::string event_id;
    std::string type;
    std::string content;
    std::optional<std::string> key;
    std::string datastream;
    std::string source;
    parked_event parked;
    dead_state state = dead_state::dead;
};

struct dead_filter {
    std::optional<std::string> reason;
    std::optional<std::string> rule;
    std::optional<std::string> event_id;
    std::optional<offset> position;
    std::optional<wall_time> since, until;  ///< of the failure
    std::function<bool(const dead_letter&)> where;
    bool include_handled = false;  ///< also redriven and dropped ones
    std::uint64_t limit = 100;
};

[[nodiscard]] result<std::vector<dead_letter>> list_dead_letters(
    datasets::event_log& log, const destination_name& destination, const dead_filter& filter);

/// Moves dead letters back into the lane's retry log, due at once, and remembers that they were;
/// letters of one event go as one retry. Those already handled are passed over. Returns how many
/// moved. One durable write per hundreds; a repetition after a crash moves none twice.
[[nodiscard]] result<std::uint64_t> redrive_dead_letters(datasets::event_log& log,
                                                         const destination_name& destination,
                                                         const std::vector<dead_letter>& letters,
                                                         wall_time now);

/// Marks them as dealt with; they stay in the log until retention takes them.
[[nodiscard]] result<std::uint64_t> drop_dead_letters(datasets::event_log& log,
                                                      const destination_name& destination,
                                                      const std::vector<dead_letter>& letters);

/// What operators did to a lane that its cursors don't tell; stored in documents, so that the
/// ledger balances after a restart, too.
struct ledger_notes {
    std::uint64_t redriven = 0;  ///< events that left the dead letters: no longer `dead`
    std::uint64_t repeated = 0;  ///< events that a cursor was moved back over: accepted once more
};
[[nodiscard]] ledger_notes load_ledger_notes(const datasets::event_log& log,
                                             const std::string& destination);
/// To be written together with the cursor that moves back.
[[nodiscard]] datasets::document_update repeated_note(const std::string& destination,
                                                      std::uint64_t repeated);

/// Blocks until the log has made `what` durable. For start-up and tools.
[[nodiscard]] result<void> write_now(datasets::event_log& log, const datasets::log_write& what);

/// Calls `each` for every record from `from` to the end; false stops. Blocking.
result<void> for_each_record(datasets::event_log& log, const datasets::partition_ref& partition,
                             offset from,
                             const std::function<bool(const datasets::record_view&)>& each);

}  // namespace sluice::gateway
