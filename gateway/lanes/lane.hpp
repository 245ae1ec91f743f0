#pragma once
// One destination's path out of the log: reads each of its partitions from its own cursor, sends
// what the rules say, keeps a bounded window in flight, commits the watermark. Lanes share nothing
// but the caches of decoded batches, so one dead destination can't slow another. Lives on one
// thread; README.md has the states.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actions/destination.hpp"
#include "config/clock.hpp"
#include "datasets/event_log.hpp"
#include "gateway/lanes/evaluated_batch.hpp"
#include "gateway/lanes/key_order.hpp"
#include "gateway/lanes/lane_machine.hpp"
#include "gateway/lanes/lane_source.hpp"
#include "gateway/lanes/lane_stats.hpp"
#include "gateway/lanes/rule_error_log.hpp"
#include "gateway/log_awaitables.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

struct lane_settings {
    destination_name name;  ///< of cursors, retries and dead letters
    std::string target;     ///< rules with this target are its work
    rules::rule_action action = rules::rule_action::send;
    std::uint32_t in_flight_max = 64;
    std::uint64_t finished_ahead_max = 100'000;  ///< records waiting behind an unfinished one
    bool ordered = false;
    std::vector<std::chrono::milliseconds> retry_schedule;
    std::chrono::milliseconds commit_interval{100};
    std::uint64_t commit_events = 2048;  ///< or sooner, after so many records
    lane_machine_settings machine;
};

/// What a lane is built from; all of it outlives the lane.
struct lane_parts {
    datasets::event_log& log;
    evaluated_batch_cache& batches;
    const rules::rule_catalog& catalog;
    const clock_source& clock;
    boost::asio::any_io_executor executor;
    rule_error_log* rule_errors = nullptr;  ///< null: conditions in error are only counted
};

class lane {
public:
    lane(lane_settings settings, lane_parts parts, std::unique_ptr<actions::destination> to,
         std::vector<std::unique_ptr<lane_source>> sources = {});
    ~lane();

    /// Starts reading. Call once, on the lane's thread.
    void start();

    /// Stops reading, gives what is in flight until `grace`, commits, ends. What did not finish is
    /// delivered again after the next start. On the lane's thread.
    boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

    /// Begins to deliver a partition that this gateway has come to own. On the lane's thread; does
    /// nothing while the lane stops or when it has the partition already.
    void add_source(std::unique_ptr<lane_source> source);
    /// Hands partitions over: begins no record of them, gives what is in flight until `grace`,
    /// commits, forgets them. What did not finish is delivered again by the next owner. On the
    /// lane's thread.
    boost::asio::awaitable<void> release(std::vector<datasets::partition_ref> partitions,
                                         std::chrono::milliseconds grace);
    /// The partitions that the lane reads now, without those that it hands over.
    [[nodiscard]] std::vector<datasets::partition_ref> partitions() const;

    /// An operator says that the destination is in order again.
    void enable();

    /// `is_shared`: other gateways may have the lane's other partitions.
    [[nodiscard]] lane_snapshot snapshot(const ledger_notes& notes, bool is_shared = false) const;
    [[nodiscard]] const lane_settings& settings() const noexcept { return settings_; }

private:
    friend class lane_delivery;
    using batch_ptr = std::shared_ptr<const evaluated_batch>;
    using source_ptr = std::shared_ptr<lane_source>;

    boost::asio::awaitable<void> run_dataset(lane_source& source);
    void log_rule_errors(const lane_source& source, const evaluated_batch& batch) const;
    boost::asio::awaitable<void> run_retries(lane_source& source);
    boost::asio::awaitable<void> run_commits();
    boost::asio::awaitable<batch_ptr> next_batch(lane_source& source);
    bool skip_trimmed(lane_source& source);
    boost::asio::awaitable<void> wait_for_room(const lane_source& source);
    boost::asio::awaitable<bool> wait_until_due(const lane_source& source, wall_time due);
    boost::asio::awaitable<bool> commit();
    boost::asio::awaitable<bool> commit_once();
    [[nodiscard]] bool drop_lost_sources();
    void begin_source(const source_ptr& source);
    /// The lane stops, or this source goes to another gateway.
    [[nodiscard]] bool is_ending(const lane_source& source) const noexcept
    {
        return is_stopping_ || source.is_leaving();
    }
    [[nodiscard]] bool is_mine(const rules::rule_outcome& outcome) const noexcept
    {
        return outcome.action == settings_.action && outcome.target == settings_.target;
    }
    [[nodiscard]] bool has_work(const rules::decided_event& decided,
                                const rules::dataset_program& program) const noexcept;
    rules::evaluation_scratch& scratch_for(const rules::dataset_program& program);
    /// What decides about outcomes: one per destination, and a lane of steps has several.
    lane_machine& machine_for(const actions::outgoing_request& request);
    [[nodiscard]] bool has_room(const lane_source& source) const noexcept;
    template <class Coroutine>
    void spawn(Coroutine coroutine, source_ptr source = nullptr);
    template <class Coroutine>
    void spawn_on(lane_source& source, Coroutine coroutine);

    lane_settings settings_;
    lane_parts parts_;
    std::unique_ptr<actions::destination> destination_;
    std::vector<source_ptr> sources_;
    /// Scratch for decisions, one per program; retries decide again with a scratch of their own so
    /// that the rules' counters keep saying how many events were evaluated.
    std::map<const rules::dataset_program*, std::unique_ptr<rules::evaluation_scratch>> scratch_;
    lane_machine machine_;
    std::map<std::string, lane_machine, std::less<>> step_machines_;  ///< by destination
    key_order keys_;
    lane_stats stats_;
    wake_signal room_;     ///< a slot of the window is free, or stop
    wake_signal changed_;  ///< the machine's state may have changed, or stop
    wake_signal commit_now_;
    wake_signal committed_;  ///< a commit has ended
    std::uint64_t in_flight_ = 0;
    std::uint64_t running_ = 0;  ///< coroutines that stop() waits for
    std::uint64_t next_unit_ = 1;
    std::uint64_t finished_since_commit_ = 0;
    bool is_started_ = false;
    bool is_stopping_ = false;
    bool is_committing_ = false;
};

}  // namespace sluice::gateway
