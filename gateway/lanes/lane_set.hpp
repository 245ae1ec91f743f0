#pragma once
// All lanes of the gateway: builds one per destination (and per dataset that rules append to), puts
// each on the thread that its name hashes to, starts, stops and watches them. Used from the main
// thread, except where a function says otherwise.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/clock.hpp"
#include "config/settings.hpp"
#include "datasets/event_log.hpp"
#include "gateway/io_threads.hpp"
#include "gateway/lanes/evaluated_batch.hpp"
#include "gateway/lanes/lane.hpp"
#include "gateway/lanes/rule_error_log.hpp"
#include "gateway/lanes/source_keeper.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

class lane_set {
public:
    lane_set(datasets::event_log& log, io_threads& threads, const clock_source& clock,
             std::size_t batch_cache_bytes);
    ~lane_set();

    /// Opens the lanes' own datasets, finds or makes their cursors, starts them. A new lane begins
    /// at the present end of its datasets. The failure says which destination can't be served and
    /// why.
    result<void> start(const config::settings& settings,
                       std::shared_ptr<const rules::rule_catalog> catalog);
    /// Ends all lanes; what is in flight gets `grace` to finish.
    void stop(std::chrono::milliseconds grace);

    /// Ends one lane, calls `change` while nothing reads or commits its cursors, starts it again
    /// from what is then stored. Blocking; from any thread but the lanes' own, never beside start()
    /// or stop(). The failure of `change` is handed on; the lane goes on all the same.
    result<void> restart(const config::settings& settings, const std::string& name,
                         std::chrono::milliseconds grace,
                         const std::function<result<void>()>& change);

    /// From any coroutine: visits each lane's thread.
    boost::asio::awaitable<std::vector<lane_snapshot>> snapshots();
    /// False when there is no such lane.
    boost::asio::awaitable<bool> enable(std::string name);

    [[nodiscard]] evaluated_batch_cache& batches() noexcept { return batches_; }
    [[nodiscard]] std::shared_ptr<const rules::rule_catalog> catalog() const { return catalog_; }

private:
    struct plan {
        lane_settings settings;
        std::vector<dataset_name> datasets;
        const config::destination_settings* destination = nullptr;  ///< null: a dataset lane
        std::uint32_t target_partitions = 1;
        /// Of the steps of a rule; then `destination` is null.
        std::map<std::string, const config::destination_settings*> steps;
    };

    std::vector<plan> make_plans(const config::settings& settings) const;
    static void plan_steps(const config::settings& settings, const rules::rule_outcome& outcome,
                           plan& p);
    result<std::unique_ptr<actions::destination>> make_destination(
        const plan& p, const boost::asio::any_io_executor& on);
    result<void> open_datasets(const plan& p);
    result<void> start_lane(plan p);
    [[nodiscard]] ledger_notes notes_of(const std::string& name) const;
    void stop_lane(placed_lane& placed, std::chrono::milliseconds grace);
    [[nodiscard]] std::vector<std::pair<std::string, std::shared_ptr<placed_lane>>> list() const;

    datasets::event_log& log_;
    io_threads& threads_;
    const clock_source& clock_;
    evaluated_batch_cache batches_;
    rule_error_log rule_errors_;
    std::shared_ptr<const rules::rule_catalog> catalog_;
    mutable std::mutex mutex_;  ///< guards the map; a lane itself is only touched on its thread
    std::map<std::string, std::shared_ptr<placed_lane>> lanes_;
    std::optional<wall_time> begins_at_;  ///< of lanes that nobody has had before; until a start
    source_keeper keeper_;
};

}  // namespace sluice::gateway
