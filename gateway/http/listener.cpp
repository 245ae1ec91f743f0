#include "gateway/http/listener.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "config/clock.hpp"
#include "gateway/http/session.hpp"

namespace sluice::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto token = asio::as_tuple(asio::use_awaitable);
/// How exact deadlines are, and how often all sessions of a thread are looked at.
constexpr std::chrono::milliseconds tick{250};
/// Out of file descriptors: accepting again at once would only spin.
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::string_view too_many_answer =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: "
    "close\r\n\r\n";

std::uint64_t id_seed()
{
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

std::string peer_address(const tcp::socket& socket)
{
    error_code ec;
    const auto peer = socket.remote_endpoint(ec);
    return ec ? std::string{} : peer.address().to_string();
}

class tcp_listener final : public listener {
public:
    tcp_listener(tcp::acceptor acceptor, const config::listener_settings& settings,
                 const router& routes, http_stats& stats)
        : core_(std::make_shared<core>(std::move(acceptor), settings, routes, stats))
    {
        const auto executor = core_->acceptor.get_executor();
        asio::co_spawn(executor, accept_connections(core_), asio::detached);
        asio::co_spawn(executor, watch_deadlines(core_), asio::detached);
    }
    ~tcp_listener() override { stop(); }
    tcp_listener(const tcp_listener&) = delete;
    tcp_listener& operator=(const tcp_listener&) = delete;

    std::uint16_t port() const override { return core_->port; }
    std::size_t open_sessions() const override { return core_->open.size(); }

    void drain() override
    {
        close_acceptor();
        for_each_session([](session& each) { each.drain(); });
    }

    void stop() override
    {
        close_acceptor();
        core_->is_stopped = true;
        core_->timer.cancel();
        for_each_session([](session& each) { each.stop(); });
    }

private:
    /// Outlives the listener for as long as its two coroutines and the sessions run.
    struct core : session_context {
        core(tcp::acceptor from, const config::listener_settings& settings, const router& routes,
             http_stats& stats)
            : session_context(settings.limits, routes, stats, id_seed()),
              acceptor(std::move(from)),
              timer(acceptor.get_executor()),
              pause(acceptor.get_executor()),
              port(acceptor.local_endpoint().port())
        {
        }
        tcp::acceptor acceptor;
        asio::steady_timer timer;
        asio::steady_timer pause;
        std::uint16_t port;
        session_list open;
        bool is_stopped = false;
    };

    template <class Action>
    void for_each_session(Action act)
    {
        for (auto at = core_->open.begin(); at != core_->open.end();) act(*at++);
    }

    void close_acceptor()
    {
        error_code ignored;
        core_->acceptor.close(ignored);
        core_->pause.cancel();
    }

    static asio::awaitable<void> accept_connections(std::shared_ptr<core> self)
    {
        while (self->acceptor.is_open()) {
            auto [ec, socket] = co_await self->acceptor.async_accept(token);
            if (!self->acceptor.is_open()) co_return;
            if (ec) {
                self->pause.expires_after(accept_pause);
                co_await self->pause.async_wait(token);
                continue;
            }
            admit(self, std::move(socket));
        }
    }

    static void admit(const std::shared_ptr<core>& self, tcp::socket socket)
    {
        auto& stats = self->tools.stats;
        add(stats.connections_accepted);
        if (stats.connections_open.load(std::memory_order_relaxed) >=
            self->limits.connections_max) {
            add(stats.connections_refused);
            ::send(socket.native_handle(), too_many_answer.data(), too_many_answer.size(),
                   MSG_NOSIGNAL | MSG_DONTWAIT);
            return;
        }
        const auto peer = peer_address(socket);
        auto opened = std::make_unique<session>(std::move(socket), self, peer);
        self->open.push_back(*opened);
        session::start(std::move(opened));
    }

    static asio::awaitable<void> watch_deadlines(std::shared_ptr<core> self)
    {
        while (!self->is_stopped) {
            self->timer.expires_after(tick);
            co_await self->timer.async_wait(token);
            self->now = std::chrono::steady_clock::now();
            for (auto at = self->open.begin(); at != self->open.end();) (*at++).check_deadline();
        }
    }

    std::shared_ptr<core> core_;
};

failure cannot_listen(const config::listener_settings& settings, error_code ec)
{
    std::string remedy = "check the address and the rights of this user";
    if (ec == asio::error::address_in_use) {
        remedy = "stop the program that uses the port or choose another one";
    } else if (ec == asio::error::access_denied) {
        remedy = "ports below 1024 need a privilege: choose another port";
    } else if (ec == boost::system::errc::address_not_available) {
        remedy = "this machine has no such address: use 127.0.0.1 or 0.0.0.0";
    }
    return {ec, fmt::format("cannot listen on {}:{}: {}; {}", settings.address, settings.port,
                            ec.message(), remedy)};
}

result<tcp::acceptor> bind_address(asio::io_context& on, const config::listener_settings& settings,
                                   bool shares_port)
{
    error_code ec;
    const auto address = asio::ip::make_address(settings.address, ec);
    if (ec) {
        return failure{ec,
                       fmt::format("`{}` is not an IP address; write for example 127.0.0.1 or ::1",
                                   settings.address)};
    }
    tcp::acceptor acceptor(on);
    const tcp::endpoint endpoint(address, settings.port);
    using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec && shares_port) acceptor.set_option(reuse_port(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (ec) return cannot_listen(settings, ec);
    return acceptor;
}

}  // namespace

result<void> check_address_is_free(const config::listener_settings& settings)
{
    if (settings.port == 0) return {};
    asio::io_context unused;
    auto bound = bind_address(unused, settings, false);
    if (!bound) return bound.error();
    error_code ec;
    bound->listen(1, ec);
    if (ec) return cannot_listen(settings, ec);
    return {};
}

result<std::unique_ptr<listener>> open_listener(asio::io_context& on,
                                                const config::listener_settings& settings,
                                                const router& routes, http_stats& stats)
{
    auto bound = bind_address(on, settings, true);
    if (!bound) return bound.error();
    error_code ec;
    bound->listen(tcp::acceptor::max_listen_connections, ec);
    if (ec) return cannot_listen(settings, ec);
    return std::make_unique<tcp_listener>(std::move(*bound), settings, routes, stats);
}

}  // namespace sluice::gateway
