#pragma once
// Cursors as committed offsets of groups named after them, so that the cluster's own tools show and
// move them. What the offset does not say (start, counts) is its metadata. Writes of one group
// follow each other; those that wait are joined. Thread-safe.

#include <map>
#include <mutex>
#include <set>

#include "datasets/event_log.hpp"
#include "datasets/kafka/cluster.hpp"
#include "datasets/kafka/cursors/group_offsets.hpp"
#include "datasets/kafka/kafka_stats.hpp"
#include "datasets/kafka/partition_table.hpp"

namespace sluice::datasets::kafka {

/// `start=5 delivered=3 filtered=1 dead=0 retrying=0 expired=0`
[[nodiscard]] std::string encode_cursor(const cursor_state& state);
/// A position that somebody set without our metadata begins a new count there.
[[nodiscard]] cursor_state decode_cursor(offset next, std::string_view metadata);

class cursor_store {
public:
    using done_handler = group_offsets::done_handler;

    cursor_store(const config::kafka_settings& settings, cluster& asked, const names& called,
                 const partition_table& table, kafka_stats& stats)
        : asked_(asked), called_(called), table_(table), stats_(stats), offsets_(settings)
    {
    }

    /// Does not block; `done` once all are stored or one failed, on the thread of
    /// `group_offsets`.
    void store(const std::vector<cursor_update>& updates, done_handler done);
    /// Blocking.
    [[nodiscard]] result<std::optional<cursor_state>> load(const cursor_name& name,
                                                           const partition_state& at);
    [[nodiscard]] result<std::vector<cursor_update>> list();
    /// Names that retention waits for; listed even before they store anything.
    void remember(const std::vector<cursor_name>& names);

    /// Stores again what this process has stored: the cluster forgets positions of groups without
    /// members after some days (`offsets.retention.minutes`). `keep` tells which partitions are
    /// still ours. Does not block.
    void refresh(const std::function<bool(const partition_ref&)>& keep);

private:
    struct waiting {
        std::map<partition_ref, cursor_state> states;
        std::vector<done_handler> done;
    };
    struct group_state {
        bool is_busy = false;
        waiting next;
        std::map<partition_ref, cursor_state> stored;
    };
    void enqueue(const cursor_name& name, const std::map<partition_ref, cursor_state>& states,
                 done_handler done);
    void send(const cursor_name& name, waiting batch);
    void sent(const cursor_name& name, waiting batch, const std::optional<failure>& error);
    [[nodiscard]] std::vector<committed_offset> all_partitions() const;

    cluster& asked_;
    const names& called_;
    const partition_table& table_;
    kafka_stats& stats_;
    std::mutex mutex_;
    std::map<cursor_name, group_state> groups_;
    group_offsets offsets_;  ///< last: its thread uses the others until it has ended
};

}  // namespace sluice::datasets::kafka
