#include "actions/http/connection_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::actions {
namespace {

namespace asio = boost::asio;

// Shorter than what common servers keep idle connections for (nginx 75 s, Apache 5 s, many clouds
// 60 s) matters little: a close by the peer is noticed at once. The limit gives memory back.
constexpr std::chrono::seconds idle_max{30};

attempt_result failed_as(attempt_cause cause, std::string detail)
{
    attempt_result failed;
    failed.cause = cause;
    failed.detail = std::move(detail);
    return failed;
}

}  // namespace

connection_pool::connection_pool(asio::any_io_executor on, parts with, wait_list& waits,
                                 destination_stats& stats)
    : on_(std::move(on)), with_(with), waits_(waits), stats_(stats), resolver_(on_, with.to, waits)
{
}

connection_pool::~connection_pool()
{
    for (const connection_ptr& each : all_) each->abandon();
}

connection_ptr connection_pool::take_idle()
{
    if (idle_.empty()) return {};
    connection_ptr last = std::move(idle_.back());
    idle_.pop_back();
    last->idle_alarm().unlink();
    ++stats_.connections_reused;
    return last;
}

asio::awaitable<connection_pool::opened> connection_pool::open(steady_time deadline)
{
    const steady_time until =
        std::min(deadline, waits_.clock().steady_now() + with_.connect_timeout);
    auto found = co_await resolver_.resolve(until);
    if (found.failed) co_return opened{{}, std::move(*found.failed)};

    std::string refused;
    std::string unreachable;
    attempt_cause cause = attempt_cause::connect_failed;
    for (const auto& endpoint : found.endpoints) {
        // Judged here and dialled below: the same value, so a name that changes its mind gains
        // nothing.
        const guard_verdict verdict =
            with_.guard.judge(endpoint.address(), endpoint.port(), with_.to.host);
        if (!verdict.allowed) {
            refused = fmt::format("{} ({})", endpoint.address().to_string(), verdict.refused_as);
            continue;
        }
        connection_ptr fresh(new connection(on_, *this, stats_));
        all_.push_back(fresh);
        ++stats_.connections_open;
        bool late = false;
        const auto ec = co_await connect(*fresh, endpoint, until, late);
        if (!ec) {
            if (with_.tls == nullptr) co_return opened{std::move(fresh), {}};
            auto broken = co_await shake_hands(*fresh, until);
            if (!broken) co_return opened{std::move(fresh), {}};
            drop(fresh);
            co_return opened{{}, std::move(*broken)};
        }
        drop(fresh);
        if (late) co_return opened{{}, timed_out(deadline, "connecting")};
        cause = ec == asio::error::connection_refused ? attempt_cause::connect_refused
                                                      : attempt_cause::connect_failed;
        unreachable =
            fmt::format("{}:{}: {}", endpoint.address().to_string(), endpoint.port(), ec.message());
    }
    resolver_.forget();
    if (unreachable.empty()) {
        co_return opened{
            {},
            failed_as(
                attempt_cause::guard_refused,
                fmt::format("{} resolves only to addresses that are not dialled: {}; list the "
                            "network under `allow_private` if that is intended",
                            with_.to.host, refused.empty() ? "none" : refused))};
    }
    co_return opened{{}, failed_as(cause, "can't connect to " + unreachable)};
}

asio::awaitable<boost::system::error_code> connection_pool::connect(
    connection& fresh, const asio::ip::tcp::endpoint& to, steady_time until, bool& late)
{
    alarm_entry alarm([&](wake) {
        late = true;
        fresh.close();
    });
    waits_.add(alarm, until, true);
    const auto [ec] =
        co_await fresh.socket().async_connect(to, asio::as_tuple(asio::use_awaitable));
    if (ec) co_return ec;
    if (late) co_return asio::error::timed_out;
    boost::system::error_code set;
    fresh.socket().set_option(asio::ip::tcp::no_delay(true), set);
    fresh.socket().non_blocking(true, set);
    ++stats_.connections_opened;
    co_return boost::system::error_code{};
}

asio::awaitable<std::optional<attempt_result>> connection_pool::shake_hands(connection& fresh,
                                                                            steady_time until)
{
    bool late = false;
    alarm_entry alarm([&](wake) {
        late = true;
        fresh.close();
    });
    waits_.add(alarm, until, true);
    auto stream = with_.tls->wrap(fresh.socket());
    const auto [ec] = co_await stream->async_handshake(asio::ssl::stream_base::client,
                                                       asio::as_tuple(asio::use_awaitable));
    if (late) {
        co_return failed_as(
            attempt_cause::tls_failed,
            fmt::format("the TLS handshake with {} took longer than `connect_timeout`",
                        with_.to.host));
    }
    if (ec) co_return with_.tls->explain(ec, *stream);
    fresh.adopt_tls(std::move(stream));
    co_return std::nullopt;
}

attempt_result connection_pool::timed_out(steady_time deadline, std::string_view during) const
{
    const bool whole = waits_.clock().steady_now() >= deadline;
    return failed_as(whole ? attempt_cause::timeout : attempt_cause::connect_failed,
                     fmt::format("{} to {} took longer than `{}`", during, with_.to.authority(),
                                 whole ? "timeout" : "connect_timeout"));
}

void connection_pool::give_back(connection_ptr used)
{
    if (!used->reusable() || waits_.stopping()) {
        drop(used);
        return;
    }
    used->become_idle();
    waits_.add(used->idle_alarm(), waits_.clock().steady_now() + idle_max);
    idle_.push_back(std::move(used));
}

void connection_pool::close_idle()
{
    for (connection_ptr& each : std::exchange(idle_, {})) drop(each);
}

void connection_pool::on_idle_end(connection& which)
{
    connection_ptr keep(&which);
    std::erase(idle_, keep);
    drop(keep);
}

void connection_pool::drop(connection_ptr& which)
{
    which->close();
    if (std::erase(all_, which) != 0) --stats_.connections_open;
    // Freed from the event loop: the caller may stand inside one of the connection's own functions.
    asio::post(on_, [last = std::move(which)] {});
}

}  // namespace sluice::actions
