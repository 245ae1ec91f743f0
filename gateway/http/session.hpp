#pragma once
// Drives one connection: obeys session_machine with a socket and deadlines. Lives on its listener's
// thread and owns itself through its coroutine; the listener only knows it in a list.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <memory>
#include <string_view>

#include "config/clock.hpp"
#include "gateway/http/session_machine.hpp"

namespace sluice::gateway {

/// Unlinks itself when the session ends, whoever ends it.
using session_hook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class session;

/// What the sessions of one listener share; lives as long as the last of them.
struct session_context {
    session_context(const config::http_limits& allowed, const router& routes, http_stats& stats,
                    std::uint64_t id_seed)
        : limits(allowed), tools{limits, routes, stats, request_id_source{id_seed}, {}}
    {
    }
    config::http_limits limits;
    session_tools tools;
    /// Refreshed by the listener's tick: deadlines need no more precision and cost no system call.
    steady_time now = std::chrono::steady_clock::now();
};

class session : public session_hook {
public:
    session(boost::asio::ip::tcp::socket socket, std::shared_ptr<session_context> context,
            std::string_view peer);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Serves the connection until it ends; the coroutine keeps the session alive.
    static void start(std::unique_ptr<session> self);

    /// Ends what the present phase waits for when its time is over.
    void check_deadline();
    /// Closes when idle, else after the answer under way.
    void drain();
    void stop();

private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> linger();
    [[nodiscard]] std::size_t send_at_once(std::string_view bytes, boost::system::error_code& ec);
    void enter_phase();
    void on_read(boost::system::error_code ec, std::size_t bytes);
    void cancel();

    std::shared_ptr<session_context> context_;
    boost::asio::ip::tcp::socket socket_;
    session_machine machine_;
    session_phase phase_ = session_phase::idle;
    steady_time deadline_;
    bool has_timed_out_ = false;
    bool is_stopped_ = false;
};

using session_list = boost::intrusive::list<session, boost::intrusive::constant_time_size<false>>;

}  // namespace sluice::gateway
