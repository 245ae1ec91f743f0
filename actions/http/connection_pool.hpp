#pragma once
// Idle connections of one destination, the last used first, and the way to a new one: resolve,
// judge each address, connect, TLS. How many exist is decided by the slots of rest_destination, not
// here.

#include <chrono>
#include <memory>
#include <vector>

#include "actions/http/connection.hpp"
#include "actions/http/destination_guard.hpp"
#include "actions/http/name_resolver.hpp"
#include "actions/http/tls_client.hpp"
#include "actions/http/url.hpp"
#include "actions/http/wait_list.hpp"

namespace sluice::actions {

class connection_pool final : public connection_owner {
public:
    struct parts {
        const url& to;
        const destination_guard& guard;
        tls_client* tls;  ///< null: plain http
        std::chrono::milliseconds connect_timeout;
    };

    connection_pool(boost::asio::any_io_executor on, parts with, wait_list& waits,
                    destination_stats& stats);
    ~connection_pool() override;

    /// An idle connection, or null.
    [[nodiscard]] connection_ptr take_idle();
    struct opened {
        connection_ptr with;
        attempt_result failed;  ///< when `with` is null
    };
    [[nodiscard]] boost::asio::awaitable<opened> open(steady_time deadline);
    /// Every connection comes back here; those that can't be used again are closed.
    void give_back(connection_ptr used);
    void close_idle();

    void on_idle_end(connection& which) override;

private:
    [[nodiscard]] boost::asio::awaitable<boost::system::error_code> connect(
        connection& fresh, const boost::asio::ip::tcp::endpoint& to, steady_time until, bool& late);
    [[nodiscard]] boost::asio::awaitable<std::optional<attempt_result>> shake_hands(
        connection& fresh, steady_time until);
    [[nodiscard]] attempt_result timed_out(steady_time deadline, std::string_view during) const;
    void drop(connection_ptr& which);

    boost::asio::any_io_executor on_;
    parts with_;
    wait_list& waits_;
    destination_stats& stats_;
    name_resolver resolver_;
    std::vector<connection_ptr> idle_;
    std::vector<connection_ptr> all_;
};

}  // namespace sluice::actions
