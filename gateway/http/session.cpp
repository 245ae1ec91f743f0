#include "gateway/http/session.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

namespace sluice::gateway {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto token = asio::as_tuple(asio::use_awaitable);

/// After the last answer the client may still be sending; closing under it would reset the
/// connection and could take the answer away before it is read. Both limits bound what that
/// courtesy costs.
constexpr std::chrono::seconds linger_time{2};
constexpr std::size_t linger_bytes_max = 4 * 1024 * 1024;

}  // namespace

session::session(asio::ip::tcp::socket socket, std::shared_ptr<session_context> context,
                 std::string_view peer)
    : context_(std::move(context)),
      socket_(std::move(socket)),
      machine_(context_->tools, peer),
      deadline_(context_->now + context_->limits.header_timeout)
{
    add(context_->tools.stats.connections_open);
}

session::~session()
{
    subtract(context_->tools.stats.connections_open);
}

void session::start(std::unique_ptr<session> self)
{
    const auto executor = self->socket_.get_executor();
    asio::co_spawn(
        executor,
        [](std::unique_ptr<session> owned) -> asio::awaitable<void> {
            // whatever leaves a session ends this connection only
            try {
                co_await owned->run();
            } catch (...) {
                error_code ignored;
                owned->socket_.close(ignored);
            }
        }(std::move(self)),
        asio::detached);
}

asio::awaitable<void> session::run()
{
    error_code ec;
    socket_.set_option(asio::ip::tcp::no_delay(true), ec);
    socket_.native_non_blocking(true, ec);
    while (!is_stopped_) {
        const auto step = machine_.next();
        enter_phase();
        switch (step) {
            case session_step::read: {
                const auto room = machine_.room();
                const auto [failed, bytes] =
                    co_await socket_.async_read_some(asio::buffer(room.data(), room.size()), token);
                on_read(failed, bytes);
                break;
            }
            case session_step::call:
                try {
                    machine_.on_response(co_await machine_.endpoint()(machine_.request()));
                } catch (...) {
                    machine_.on_endpoint_failed();
                }
                break;
            case session_step::write: {
                const auto output = machine_.output();
                const auto sent = send_at_once(output, ec);
                if (!ec && sent < output.size()) {
                    const auto rest = asio::buffer(output.data() + sent, output.size() - sent);
                    std::tie(ec, std::ignore) = co_await asio::async_write(socket_, rest, token);
                }
                if (ec) co_return;
                machine_.on_written();
                break;
            }
            case session_step::linger:
                co_await linger();
                co_return;
            case session_step::close:
                co_return;
        }
    }
}

/// Most answers fit into the socket's buffer: one system call and no trip through the event loop.
std::size_t session::send_at_once(std::string_view bytes, error_code& ec)
{
    ec = {};
    const auto sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        ec.assign(errno, boost::system::system_category());
    }
    return 0;
}

asio::awaitable<void> session::linger()
{
    error_code ec;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    std::array<char, 4096> dropped{};
    for (std::size_t total = 0;
         !ec && !is_stopped_ && !has_timed_out_ && total < linger_bytes_max;) {
        std::size_t bytes = 0;
        std::tie(ec, bytes) = co_await socket_.async_read_some(asio::buffer(dropped), token);
        total += bytes;
    }
}

void session::on_read(error_code ec, std::size_t bytes)
{
    if (!ec) {
        machine_.on_read(bytes);
    } else if (has_timed_out_) {
        has_timed_out_ = false;
        machine_.on_deadline();
    } else if (ec == asio::error::eof) {
        machine_.on_end_of_stream();
    } else {
        is_stopped_ = true;
    }
}

/// A deadline belongs to a phase and is not renewed by bytes: a trickle must not beat it.
void session::enter_phase()
{
    const auto phase = machine_.phase();
    if (phase == phase_ && phase != session_phase::idle) return;
    phase_ = phase;
    has_timed_out_ = false;
    const auto& limits = context_->limits;
    switch (phase) {
        case session_phase::idle:
            deadline_ = context_->now + limits.idle_timeout;
            break;
        case session_phase::head:
            deadline_ = context_->now + limits.header_timeout;
            break;
        case session_phase::body:
            deadline_ = context_->now + limits.body_timeout;
            break;
        case session_phase::response:
            deadline_ = context_->now + limits.response_timeout;
            break;
        case session_phase::closing:
            deadline_ = context_->now + linger_time;
            break;
        case session_phase::endpoint:
            deadline_ = steady_time::max();
            break;
    }
}

void session::cancel()
{
    error_code ignored;
    socket_.cancel(ignored);
}

void session::check_deadline()
{
    if (context_->now < deadline_) return;
    has_timed_out_ = true;
    // a client that reads nothing cannot be told anything: the write ends with the connection
    if (phase_ == session_phase::response) is_stopped_ = true;
    deadline_ = steady_time::max();
    cancel();
}

void session::drain()
{
    if (machine_.drain()) stop();
}

void session::stop()
{
    is_stopped_ = true;
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace sluice::gateway
