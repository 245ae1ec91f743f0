#pragma once
// One event's way through a lane: its requests one after another, each rendered, sent, judged; then
// the record's fate. A coroutine per event of the window, on the lane's thread.

#include <optional>
#include <string>
#include <vector>

#include "gateway/lanes/lane.hpp"
#include "rules/steps/step_results.hpp"

namespace sluice::gateway {

class lane_delivery {
public:
    /// Delivers record `index` of a decided batch.
    static boost::asio::awaitable<void> deliver(lane& in, lane_source& source,
                                                lane::batch_ptr batch, std::size_t index);
    /// Delivers what is still owed of a record of the retry log.
    static boost::asio::awaitable<void> redeliver(
        lane& in, lane_source& source, std::shared_ptr<const datasets::record_batch> batch,
        std::size_t index, parked_event parked);

private:
    /// A request that was not delivered, and why.
    struct failed_unit {
        std::string rule;
        unit_step step = unit_step::bury;
        actions::delivery_outcome outcome;
    };

    lane_delivery(lane& in, lane_source& source,
                  std::shared_ptr<const datasets::record_batch> batch,
                  const datasets::record_view& record, rules::event_input input);

    boost::asio::awaitable<void> run(const rules::dataset_program& program,
                                     const rules::decided_event& decided,
                                     std::vector<rules::rule_index> units);
    std::optional<std::string> ordering_key(const rules::dataset_program& program,
                                            const rules::decided_event& decided,
                                            const std::vector<rules::rule_index>& units);
    boost::asio::awaitable<bool> run_unit(const rules::dataset_program& program,
                                          const rules::decided_event& decided,
                                          rules::rule_index rule);
    boost::asio::awaitable<std::optional<actions::delivery_outcome>> send(
        const actions::outgoing_request& request, unit_step& step);
    boost::asio::awaitable<bool> wait_to_try(lane_machine& machine, std::uint64_t unit);
    // step_delivery.cpp: a rule with steps is one unit, its requests follow one another
    enum class step_end : std::uint8_t { done, failed, lane_stops };
    boost::asio::awaitable<bool> run_steps(const rules::dataset_program& program,
                                           const rules::decided_event& decided,
                                           rules::rule_index rule);
    boost::asio::awaitable<step_end> run_step(const rules::dataset_program& program,
                                              const rules::decided_event& decided,
                                              rules::rule_index rule, std::size_t number,
                                              rules::step_results& results);
    boost::asio::awaitable<std::optional<actions::delivery_outcome>> send_step(
        const rules::rule_step& step, const rules::rendered_request& rendered,
        const std::string& rule, actions::received_answer& answer, unit_step& what);
    step_end fail_step(const rules::rule_step& step, const std::string& rule, unit_step what,
                       actions::delivery_outcome outcome, rules::step_answer kept,
                       rules::step_results& results);
    bool leave_steps(const rules::rule_step& step, const std::string& rule,
                     const rules::step_results& results);
    [[nodiscard]] std::size_t rounds_max() const noexcept
    {
        return lane_.settings_.ordered ? 0 : lane_.settings_.retry_schedule.size();
    }
    void count_latency();
    record_fate settle();
    void park_units(std::vector<const failed_unit*> units);
    void bury_unit(const failed_unit& unit, bool counts);
    [[nodiscard]] parked_event describe(const failed_unit& unit) const;

    lane& lane_;
    lane_source& source_;
    std::shared_ptr<const datasets::record_batch> batch_;
    const datasets::record_view& record_;
    rules::event_input input_;
    parked_event origin_;  ///< of a retry: as it was parked; else where the event stands
    bool is_retry_ = false;
    std::vector<failed_unit> failed_;
    std::uint32_t attempts_ = 0;
};

}  // namespace sluice::gateway
