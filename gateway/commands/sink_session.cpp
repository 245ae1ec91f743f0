#include "gateway/commands/sink_session.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <cstring>
#include <iterator>

namespace sluice::gateway {

namespace {

namespace asio = boost::asio;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::size_t requests_shown = 100;

void append_answer(std::string& out, int status, std::string_view body, const sink_request& request,
                   std::optional<std::uint32_t> retry_after)
{
    const auto reason = boost::beast::http::obsolete_reason(
        boost::beast::http::int_to_status(static_cast<unsigned>(status)));
    auto at = std::back_inserter(out);
    fmt::format_to(at, "HTTP/1.1 {} {}\r\n", status,
                   std::string_view(reason.data(), reason.size()));
    if (retry_after) fmt::format_to(at, "retry-after: {}\r\n", *retry_after);
    if (!request.keep_alive) out += "connection: close\r\n";
    // 204 and 304 have no body and no length by definition.
    if (status == 204 || status == 304) {
        out += "\r\n";
        return;
    }
    fmt::format_to(at, "content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.size());
    out += body;
}

std::size_t requested_count(std::string_view target)
{
    std::size_t count = requests_shown;
    if (const auto at = target.find("n="); at != std::string_view::npos) {
        std::from_chars(target.data() + at + 2, target.data() + target.size(), count);
    }
    return count;
}

/// The receiver's own pages; they are not recorded. False: an ordinary request.
bool answer_own_page(const sink_request& request, sink_context& context, std::string& out)
{
    if (!request.target.starts_with("/__sink/")) return false;
    context.recorder.flush();
    const auto page = request.target.substr(0, request.target.find('?'));
    if (page == "/__sink/stats") {
        append_answer(out, 200, context.recorder.stats_json(), request, {});
    } else if (page == "/__sink/requests") {
        append_answer(out, 200, context.recorder.requests_json(requested_count(request.target)),
                      request, {});
    } else {
        append_answer(out, 404, R"({"title":"only /__sink/stats and /__sink/requests exist"})",
                      request, {});
    }
    return true;
}

/// Waits until the peer gives up: its request is read and never answered.
asio::awaitable<void> hang(asio::ip::tcp::socket& socket)
{
    char ignored[4096];
    for (;;) {
        const auto [ec, n] = co_await socket.async_read_some(asio::buffer(ignored), no_throw);
        if (ec) co_return;
    }
}

/// What is in the buffer, decided and recorded; the answers collect in `out`.
enum class step : std::uint8_t { read_on, wait_then_go_on, hang, close };

step work_off(std::string_view buffer, std::size_t& done, sink_request& request,
              sink_context& context, std::string& out, std::chrono::milliseconds& delay)
{
    for (;;) {
        std::size_t used = 0;
        const auto state = parse_sink_request(buffer.substr(done), request, used);
        if (state == sink_parse::need_more) {
            // Once, when the head is there and no byte of the body has come.
            const bool head_only = used > 0 && done + used == buffer.size();
            if (request.expects_continue && head_only) out += "HTTP/1.1 100 Continue\r\n\r\n";
            return step::read_on;
        }
        if (state == sink_parse::bad) {
            out += "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            return step::close;
        }
        done += used;
        if (!answer_own_page(request, context, out)) {
            const auto answer = context.script.answer(request.target, context.random);
            context.recorder.record(request, answer.hang ? 0 : answer.status,
                                    context.clock.wall_now());
            if (answer.hang) return step::hang;
            append_answer(out, answer.status, context.answer_body, request, answer.retry_after);
            delay = answer.delay;
        }
        if (!request.keep_alive) return step::close;
        if (delay.count() > 0) return step::wait_then_go_on;
    }
}

}  // namespace

asio::awaitable<void> run_sink_session(asio::ip::tcp::socket socket, sink_context& context)
{
    boost::system::error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    asio::steady_timer timer(socket.get_executor());
    std::string buffer(read_bytes, '\0');
    std::size_t filled = 0;
    std::string out;
    sink_request request;
    for (;;) {
        std::size_t done = 0;
        std::chrono::milliseconds delay{0};
        const std::string_view received(buffer.data(), filled);
        const auto next = work_off(received, done, request, context, out, delay);
        filled -= done;
        if (done > 0 && filled > 0) std::memmove(buffer.data(), buffer.data() + done, filled);
        if (next == step::hang) {
            co_await hang(socket);
            co_return;
        }
        if (delay.count() > 0) {
            timer.expires_after(delay);
            co_await timer.async_wait(no_throw);
        }
        if (!out.empty()) {
            const auto [ec, n] = co_await asio::async_write(socket, asio::buffer(out), no_throw);
            if (ec) co_return;
            out.clear();
        }
        if (next == step::close) break;
        if (next == step::wait_then_go_on) continue;
        if (filled == buffer.size()) buffer.resize(buffer.size() * 2);
        const auto [ec, n] = co_await socket.async_read_some(
            asio::buffer(buffer.data() + filled, buffer.size() - filled), no_throw);
        if (ec) co_return;
        filled += n;
    }
    socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace sluice::gateway
