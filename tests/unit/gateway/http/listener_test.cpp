// The framing cases over real sockets, and what only a socket can show: deadlines, limits, drain.

#include "gateway/http/listener.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <iostream>
#include <thread>

#include "tests/unit/gateway/http/http_cases.hpp"
#include "tests/unit/gateway/http/probe_routes.hpp"

namespace sluice::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// One listener on a thread of its own.
class running_listener {
public:
    template <class Action>
    auto on_thread(Action act)
    {
        return asio::post(io_, asio::use_future(act)).get();
    }
    explicit running_listener(config::http_limits limits = test::case_limits())
        : routes_(test::make_probe_routes())
    {
        routes_.add("GET", "/throws", [](const http_request&) -> asio::awaitable<http_response> {
            throw std::runtime_error("deliberate");
            co_return http_response{};
        });
        config::listener_settings settings;
        settings.port = 0;
        settings.limits = limits;
        auto opened = open_listener(io_, settings, routes_, stats_);
        if (!opened) throw std::runtime_error(opened.error().message);
        listener_ = std::move(*opened);
        port_ = listener_->port();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~running_listener()
    {
        on_thread([this] { listener_.reset(); });
        guard_.reset();
        thread_.join();
    }
    listener& get() { return *listener_; }
    http_stats& stats() { return stats_; }
    std::uint16_t port() const { return port_; }

private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_{io_.get_executor()};
    router routes_;
    http_stats stats_;
    std::unique_ptr<listener> listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// A blocking client that never waits longer than it is told.
class client {
public:
    explicit client(std::uint16_t port) : socket_(io_)
    {
        socket_.connect({asio::ip::address_v4::loopback(), port});
        socket_.set_option(tcp::no_delay(true));
    }
    void send(std::string_view bytes)
    {
        error_code ignored;  // a refusal may close the connection under a long request
        asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), ignored);
    }
    void half_close()
    {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
    }
    /// Reads until `enough` says so, the stream ends (then was_closed), or nothing comes for
    /// `patience`.
    template <class Enough>
    const std::string& receive(Enough enough, std::chrono::milliseconds patience)
    {
        while (!was_closed_ && !enough(heard_)) {
            pollfd watched{socket_.native_handle(), POLLIN, 0};
            if (::poll(&watched, 1, static_cast<int>(patience.count())) <= 0) break;
            std::array<char, 16384> room{};
            error_code ec;
            const auto count = socket_.read_some(asio::buffer(room), ec);
            heard_.append(room.data(), count);
            was_closed_ = static_cast<bool>(ec);
        }
        return heard_;
    }
    const std::string& heard() const { return heard_; }
    bool was_closed() const { return was_closed_; }

private:
    asio::io_context io_;
    tcp::socket socket_;
    std::string heard_;
    bool was_closed_ = false;
};

constexpr std::chrono::milliseconds patience{3000};
constexpr std::string_view probe = "GET /probe HTTP/1.1\r\nHost: t\r\n\r\n";

/// Which answers of a case have no body.
std::vector<bool> head_only(const test::http_case& wanted)
{
    return {wanted.send.starts_with("HEAD ")};
}

std::string run_case(std::uint16_t port, const test::http_case& wanted)
{
    client peer(port);
    const auto answers = [&] { return test::parse_answers(peer.heard(), head_only(wanted)); };
    peer.send(wanted.send);
    if (!wanted.later.empty()) {
        peer.receive(
            [&](const std::string& heard) {
                return heard.find("100 Continue\r\n\r\n") != std::string::npos;
            },
            patience);
        peer.send(wanted.later);
    }
    if (wanted.half_closes) peer.half_close();
    peer.receive([&](const std::string&) { return answers().status.size() >= wanted.answers; },
                 patience);
    if (wanted.close == test::closing::closes) {
        peer.receive([](const std::string&) { return false; }, patience);
        return test::judge(wanted, answers(), peer.was_closed());
    }
    const auto complaint = test::judge(wanted, answers(), false);
    if (!complaint.empty()) return complaint;
    peer.send(probe);
    peer.receive([&](const std::string&) { return answers().status.size() > wanted.answers; },
                 patience);
    if (answers().status.size() == wanted.answers + 1 && answers().status.back() == 200) return {};
    return wanted.close == test::closing::either && peer.was_closed() ? ""
                                                                      : "the canary was not served";
}

TEST(Listener, FramesEveryCaseOverASocket)
{
    running_listener server;
    std::size_t bad = 0;
    const auto cases = test::load_http_cases();
    for (const auto& each : cases) {
        const auto complaint = run_case(server.port(), each);
        client canary(server.port());
        canary.send(probe);
        canary.receive([](const std::string& heard) { return heard.size() > 4; }, patience);
        EXPECT_TRUE(canary.heard().starts_with("HTTP/1.1 200 ")) << each.id;
        if (complaint.empty()) continue;
        ++bad;
        std::cout << each.id << " (" << each.level << "): " << complaint << '\n';
        if (each.level == "must") ADD_FAILURE() << each.id << ": " << complaint;
    }
    EXPECT_LE(bad * 100, cases.size() * 3);
}

TEST(Listener, AnEndpointThatThrowsCostsOnlyItsRequest)
{
    running_listener server;
    client peer(server.port());
    peer.send("GET /throws HTTP/1.1\r\nHost: t\r\n\r\n");
    peer.receive([](const std::string&) { return false; }, patience);
    EXPECT_TRUE(peer.heard().starts_with("HTTP/1.1 500 "));
    client next(server.port());
    next.send(probe);
    next.receive([](const std::string& heard) { return heard.size() > 4; }, patience);
    EXPECT_TRUE(next.heard().starts_with("HTTP/1.1 200 "));
}

TEST(Listener, ASlowHeadGets408ThoughItsBytesKeepComing)
{
    auto limits = test::case_limits();
    limits.header_timeout = std::chrono::milliseconds{200};
    running_listener server(limits);
    client peer(server.port());
    peer.send("GET /probe HTTP/1.1\r\nHost: t\r\nX-A: ");
    while (!peer.was_closed() && peer.heard().empty()) {
        peer.send("a");
        peer.receive([](const std::string& heard) { return !heard.empty(); },
                     std::chrono::milliseconds{20});
    }
    EXPECT_TRUE(peer.heard().starts_with("HTTP/1.1 408 "));
}

TEST(Listener, AnIdleConnectionIsClosedSilently)
{
    auto limits = test::case_limits();
    limits.idle_timeout = std::chrono::milliseconds{100};
    running_listener server(limits);
    client peer(server.port());
    peer.receive([](const std::string&) { return false; }, patience);
    EXPECT_TRUE(peer.was_closed());
    EXPECT_TRUE(peer.heard().empty());
}

TEST(Listener, RefusesConnectionsBeyondTheLimit)
{
    auto limits = test::case_limits();
    limits.connections_max = 1;
    running_listener server(limits);
    client first(server.port());
    first.send(probe);
    first.receive([](const std::string& heard) { return heard.size() > 4; }, patience);
    client second(server.port());
    second.receive([](const std::string&) { return false; }, patience);
    EXPECT_TRUE(second.heard().starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(second.was_closed());
    first.send(probe);
    first.receive(
        [](const std::string& heard) {
            return heard.find("HTTP/1.1 200", 10) != std::string::npos;
        },
        patience);
    EXPECT_FALSE(first.was_closed());
}

TEST(Listener, DrainClosesIdleConnectionsAndRefusesNewOnes)
{
    running_listener server;
    client peer(server.port());
    peer.send(probe);
    peer.receive([](const std::string& heard) { return heard.size() > 4; }, patience);
    server.on_thread([&] { server.get().drain(); });
    peer.receive([](const std::string&) { return false; }, patience);
    EXPECT_TRUE(peer.was_closed());
    while (server.on_thread([&] { return server.get().open_sessions(); }) > 0)
        std::this_thread::yield();
    EXPECT_THROW(client{server.port()}, std::exception);
}

TEST(Listener, NamesTheAddressAndARemedyWhenItCannotListen)
{
    running_listener server;
    config::listener_settings settings;
    settings.port = server.port();
    const auto taken = check_address_is_free(settings);
    ASSERT_FALSE(taken);
    EXPECT_NE(taken.error().message.find(std::to_string(server.port())), std::string::npos);
    EXPECT_NE(taken.error().message.find("choose another"), std::string::npos);
    settings.address = "nowhere";
    EXPECT_FALSE(check_address_is_free(settings));
}

}  // namespace
}  // namespace sluice::gateway
