#pragma once
// What a lane counts, and the snapshot that status and metrics are made of. Counters belong to the
// lane's thread; snapshots are taken there and handed out by value.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actions/destination.hpp"
#include "datasets/event_log.hpp"
#include "gateway/lanes/dead_letters.hpp"
#include "gateway/lanes/lane_machine.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

/// Time from acceptance to delivery; upper bounds 1 ms · 2^i, the last one open.
inline constexpr std::size_t lane_latency_buckets = 20;

/// Of one step of a rule.
struct step_counts {
    std::uint64_t sent = 0;     ///< answered with a status that the step accepts
    std::uint64_t skipped = 0;  ///< its condition did not hold
    std::uint64_t failed = 0;   ///< finally, after all retries
};

struct lane_stats {
    std::uint64_t events_begun = 0;  ///< matched a rule and entered the window
    std::uint64_t requests_delivered = 0;
    std::uint64_t requests_parked = 0;
    std::uint64_t requests_dead = 0;
    std::uint64_t commits = 0;
    std::uint64_t commit_failures = 0;
    std::uint64_t read_failures = 0;
    std::array<std::uint64_t, lane_latency_buckets> latency{};
    std::uint64_t latency_us_sum = 0;
    std::map<std::string, step_counts> steps;  ///< of lanes of rules with steps
};

struct source_snapshot {
    datasets::partition_ref at;
    bool is_retry = false;
    datasets::cursor_state cursor;
    datasets::partition_extent extent;
    [[nodiscard]] std::uint64_t lag() const noexcept
    {
        return extent.end > cursor.next ? extent.end - cursor.next : 0;
    }
};

/// accepted = delivered + filtered + dead + expired + pending, at any instant.
struct lane_ledger {
    std::uint64_t accepted = 0, delivered = 0, filtered = 0, dead = 0, expired = 0, pending = 0;
};

struct lane_snapshot {
    std::string name;
    bool is_enabled = true;
    lane_state state = lane_state::running;
    std::string reason;
    actions::breaker_state breaker = actions::breaker_state::closed;
    std::uint64_t in_flight = 0;
    std::uint64_t in_flight_max = 0;
    std::uint64_t retrying = 0;  ///< events in the retry log
    lane_ledger ledger;
    lane_stats stats;
    actions::destination_stats requests;
    std::vector<source_snapshot> sources;
    std::map<std::string, rules::rule_counts> rules;  ///< of the batches this lane evaluated
};

[[nodiscard]] lane_ledger make_ledger(const std::vector<source_snapshot>& sources,
                                      const ledger_notes& notes);

/// The same where gateways share the partitions: a retry may be delivered by another gateway than
/// the one that parked it. So an event that is parked leaves the ledger, and one that stands in a
/// retry partition of ours enters it; a redriven dead letter enters again. Each gateway's ledger
/// balances, and so does their sum.
[[nodiscard]] lane_ledger make_shared_ledger(const std::vector<source_snapshot>& sources);

}  // namespace sluice::gateway
