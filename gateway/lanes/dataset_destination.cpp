#include "gateway/lanes/dataset_destination.hpp"

#include <fmt/format.h>

#include "datasets/log_error.hpp"
#include "gateway/log_awaitables.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

class dataset_destination final : public actions::destination {
public:
    dataset_destination(datasets::event_log& log, dataset_name target, std::uint32_t partitions,
                        asio::any_io_executor on, const clock_source& clock)
        : log_(log),
          target_(std::move(target)),
          partitions_(partitions),
          clock_(clock),
          stopped_(on)
    {
    }

    asio::awaitable<actions::delivery_outcome> deliver(
        const actions::outgoing_request& request) override
    {
        const datasets::new_record record{.id = request.webhook_id,
                                          .key = std::nullopt,
                                          .type = {},
                                          .datastream = {},
                                          .source = "sluice",
                                          .received_at = clock_.wall_now(),
                                          .content = request.body,
                                          .extra = {}};
        const datasets::append_part part{
            {target_, datasets::partition_of(request.webhook_id, partitions_)}, {&record, 1}};
        const datasets::log_write what{
            .appends = {&part, 1}, .cursors = {}, .documents = {}, .is_internal = false};
        actions::delivery_outcome outcome;
        while (true) {
            ++stats_.attempts;
            ++outcome.attempts;
            const auto written = co_await async_commit(log_, what);
            if (written.has_value()) {
                ++stats_.delivered;
                outcome.next = actions::outcome_class::delivered;
                outcome.reason = "appended";
                co_return outcome;
            }
            outcome.next = actions::outcome_class::retry;
            outcome.detail =
                fmt::format("dataset {}: {}", target_.value(), written.error().message);
            // our own log is full or reopening: waiting here is back-pressure, the retry log is no
            // help
            if (!is_stopped_) co_await stopped_.wait_until(clock_.steady_now() + 1s);
            if (is_stopped_) {
                outcome.reason = "stopping";
                co_return outcome;
            }
        }
    }

    void stop(std::chrono::milliseconds) override
    {
        is_stopped_ = true;
        stopped_.notify_all();
    }

    const actions::destination_stats& stats() const override { return stats_; }
    actions::breaker_state breaker() const override { return actions::breaker_state::closed; }
    std::string describe(const actions::outgoing_request& request) const override
    {
        return fmt::format("append to dataset {}: {}", target_.value(), request.body);
    }

private:
    datasets::event_log& log_;
    const dataset_name target_;
    const std::uint32_t partitions_;
    const clock_source& clock_;
    wake_signal stopped_;
    bool is_stopped_ = false;
    actions::destination_stats stats_;
};

}  // namespace

std::unique_ptr<actions::destination> make_dataset_destination(datasets::event_log& log,
                                                               dataset_name target,
                                                               std::uint32_t partitions,
                                                               asio::any_io_executor on,
                                                               const clock_source& clock)
{
    return std::make_unique<dataset_destination>(log, std::move(target), partitions, std::move(on),
                                                 clock);
}

}  // namespace sluice::gateway
