#pragma once
// The REST destination: the thin coroutine that does what delivery_machine says, and the owner of
// everything it needs. One object per lane, on the lane's thread. Destroy it only when no deliver()
// is running: stop(), await the deliveries, destroy.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "actions/answer_conditions.hpp"
#include "actions/delivery_machine.hpp"
#include "actions/destination.hpp"
#include "actions/http/connection_pool.hpp"
#include "actions/http/http_client.hpp"
#include "actions/http/wait_list.hpp"
#include "actions/request_writer.hpp"

namespace sluice::actions {

class rest_destination final : public destination {
public:
    /// All that can fail has been done before.
    struct parts {
        std::string name;
        url to;
        destination_guard guard;
        request_writer writer;
        std::unique_ptr<tls_client> tls;
        answer_conditions conditions;
    };

    rest_destination(parts with, const config::destination_settings& settings,
                     boost::asio::any_io_executor on, const clock_source& clock,
                     random_source& random);

    boost::asio::awaitable<delivery_outcome> deliver(const outgoing_request& request) override;
    void stop(std::chrono::milliseconds grace) override;
    [[nodiscard]] const destination_stats& stats() const override { return stats_; }
    [[nodiscard]] breaker_state breaker() const override { return limits_.breaker.state(); }
    [[nodiscard]] std::string describe(const outgoing_request& request) const override;

private:
    [[nodiscard]] steady_time now() const { return clock_.steady_now(); }
    [[nodiscard]] boost::asio::awaitable<void> run(delivery_machine& decides,
                                                   const outgoing_request& request,
                                                   bool& holds_slot);
    [[nodiscard]] boost::asio::awaitable<wake> take_slot();
    void release_slot(bool& held);
    [[nodiscard]] boost::asio::awaitable<wake> wait_for_breaker(steady_time until);
    void wake_breaker_waiters();
    void count(const attempt_result& attempt, steady_time began, steady_time ended);
    void count(const delivery_outcome& outcome);

    parts with_;
    const clock_source& clock_;
    random_source& random_;
    destination_stats stats_;
    delivery_limits limits_;
    wait_list waits_;
    connection_pool pool_;
    http_client client_;
    std::uint32_t slots_free_;
    std::deque<wait_entry*> slot_queue_;
    std::vector<wait_entry*> breaker_queue_;
    std::uint64_t breaker_changes_seen_ = 0;
};

}  // namespace sluice::actions
