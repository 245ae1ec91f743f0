// An HTTP load generator: one thread, keep-alive connections, requests prepared before the start.
// With a rate it is open-loop: request i is due at start + i / rate, and its latency counts from
// then, so a server that stalls can't slow the generator down and hide its own delay. Prints one
// JSON object.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <charconv>
#include <chrono>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "loadtest/latency_histogram.hpp"

namespace sluice::loadtest {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using steady = std::chrono::steady_clock;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

struct load_options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    std::string target = "/v1/events";
    std::string bodies;     ///< NDJSON file
    std::size_t batch = 1;  ///< lines in one request
    std::size_t connections = 64;
    double rate = 0;  ///< requests per second; 0: each connection as fast as it can
    double seconds = 10;
    double warm_up = 1;          ///< seconds at the start that are not counted
    std::uint64_t requests = 0;  ///< stops after so many; 0: by time only
};

struct load_state {
    std::vector<std::string> prepared;
    std::uint64_t next = 0;
    steady::time_point start;
    steady::time_point count_from;
    steady::time_point end;
    latency_histogram latency;
    std::map<int, std::uint64_t> by_status;
    std::uint64_t errors = 0;
    std::uint64_t counted = 0;
};

std::vector<std::string> prepare(const load_options& options)
{
    std::ifstream in(options.bodies);
    std::vector<std::string> prepared;
    std::string body;
    std::size_t lines = 0;
    const auto finish = [&] {
        if (body.empty()) return;
        const auto* type = options.batch > 1 ? "application/x-ndjson" : "application/json";
        prepared.push_back(fmt::format(
            "POST {} HTTP/1.1\r\nhost: {}:{}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n{}",
            options.target, options.address, options.port, type, body.size(), body));
        body.clear();
        lines = 0;
    };
    for (std::string line; std::getline(in, line);) {
        if (line.empty()) continue;
        if (!body.empty()) body += '\n';
        body += line;
        if (++lines == options.batch) finish();
    }
    finish();
    return prepared;
}

/// Status and length of the answer at the start of `text`; 0 while it is incomplete, -1 for
/// nonsense.
int read_answer(std::string_view text, std::size_t& length)
{
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return 0;
    int status = 0;
    if (text.size() < 12 || !text.starts_with("HTTP/1.")) return -1;
    std::from_chars(text.data() + 9, text.data() + 12, status);
    std::size_t body = 0;
    for (std::size_t at = text.find("\r\n"); at < head_end; at = text.find("\r\n", at + 2)) {
        const auto field = text.substr(at + 2, 15);
        if (field.size() == 15 && (field[0] | 0x20) == 'c' && (field[8] | 0x20) == 'l' &&
            field[14] == ':') {
            auto value = text.substr(at + 17, head_end - at - 17);
            while (value.starts_with(' ')) value.remove_prefix(1);
            std::from_chars(value.data(), value.data() + value.size(), body);
        }
    }
    length = head_end + 4 + body;
    return text.size() < length ? 0 : status;
}

/// One request on an open connection; false: the connection is broken.
asio::awaitable<bool> exchange(tcp::socket& socket, const std::string& text, std::string& buffer,
                               int& status)
{
    const auto [write_error, written] =
        co_await asio::async_write(socket, asio::buffer(text), no_throw);
    if (write_error) co_return false;
    std::size_t filled = 0;
    for (;;) {
        const auto [ec, n] = co_await socket.async_read_some(
            asio::buffer(buffer.data() + filled, buffer.size() - filled), no_throw);
        if (ec) co_return false;
        filled += n;
        std::size_t length = 0;
        status = read_answer(std::string_view(buffer.data(), filled), length);
        if (status < 0) co_return false;
        if (status > 0) co_return true;
        if (filled == buffer.size()) buffer.resize(buffer.size() * 2);
    }
}

asio::awaitable<void> run_connection(const load_options& options, load_state& state)
{
    const auto executor = co_await asio::this_coro::executor;
    const tcp::endpoint server(asio::ip::make_address(options.address), options.port);
    asio::steady_timer timer(executor);
    tcp::socket socket(executor);
    std::string buffer(16 * 1024, '\0');
    bool connected = false;
    while (true) {
        const auto slot = state.next++;
        if (options.requests > 0 && slot >= options.requests) co_return;
        auto due = steady::now();
        if (options.rate > 0) {
            due = state.start +
                  std::chrono::duration_cast<steady::duration>(
                      std::chrono::duration<double>(static_cast<double>(slot) / options.rate));
            if (due > steady::now()) {
                timer.expires_at(due);
                co_await timer.async_wait(no_throw);
            }
        }
        if (due >= state.end) co_return;
        if (!connected) {
            socket = tcp::socket(executor);
            const auto [ec] = co_await socket.async_connect(server, no_throw);
            connected = !ec;
            if (connected) socket.set_option(tcp::no_delay(true));
        }
        int status = 0;
        if (connected) {
            connected = co_await exchange(socket, state.prepared[slot % state.prepared.size()],
                                          buffer, status);
        }
        const auto now = steady::now();
        if (due < state.count_from) continue;
        if (!connected) {
            ++state.errors;
            continue;
        }
        ++state.by_status[status];
        ++state.counted;
        state.latency.add(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(now - due).count()));
    }
}

void print(const load_options& options, const load_state& state, double seconds)
{
    std::string statuses;
    for (const auto& [status, count] : state.by_status) {
        statuses += fmt::format("{}\"{}\":{}", statuses.empty() ? "" : ",", status, count);
    }
    const auto per_second = static_cast<double>(state.counted) / seconds;
    fmt::print(
        "{{\"requests\":{},\"seconds\":{:.3f},\"requests_per_second\":{:.1f},"
        "\"events_per_second\":{:.1f},\"by_status\":{{{}}},\"errors\":{},"
        "\"p50_us\":{},\"p90_us\":{},\"p99_us\":{},\"p999_us\":{},\"max_us\":{}}}\n",
        state.counted, seconds, per_second, per_second * static_cast<double>(options.batch),
        statuses, state.errors, state.latency.percentile(0.50), state.latency.percentile(0.90),
        state.latency.percentile(0.99), state.latency.percentile(0.999), state.latency.max());
}

int run_load(const load_options& options)
{
    load_state state;
    state.prepared = prepare(options);
    if (state.prepared.empty()) {
        fmt::print(stderr, "load_client: {} holds no lines; give an NDJSON file\n", options.bodies);
        return 2;
    }
    const auto seconds = [](double s) {
        return std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(s));
    };
    asio::io_context io(1);
    state.start = steady::now();
    state.count_from = state.start + seconds(options.warm_up);
    state.end = state.count_from + seconds(options.seconds);
    for (std::size_t i = 0; i < options.connections; ++i) {
        asio::co_spawn(io, run_connection(options, state), asio::detached);
    }
    io.run();
    const auto end = std::min(steady::now(), state.end);
    print(options, state, std::chrono::duration<double>(end - state.count_from).count());
    return state.errors > 0 ? 1 : 0;
}

}  // namespace
}  // namespace sluice::loadtest

int main(int argc, char** argv)
{
    sluice::loadtest::load_options options;
    CLI::App app("An open-loop HTTP load generator");
    app.add_option("--address", options.address)->capture_default_str();
    app.add_option("--port", options.port)->required();
    app.add_option("--target", options.target)->capture_default_str();
    app.add_option("--bodies", options.bodies, "NDJSON file")->required();
    app.add_option("--batch", options.batch, "Lines in one request")->capture_default_str();
    app.add_option("--connections", options.connections)->capture_default_str();
    app.add_option("--rate", options.rate, "Requests per second, 0: as fast as possible");
    app.add_option("--seconds", options.seconds)->capture_default_str();
    app.add_option("--warm-up", options.warm_up)->capture_default_str();
    app.add_option("--requests", options.requests, "Stops after so many, 0: by time only");
    CLI11_PARSE(app, argc, argv);
    return sluice::loadtest::run_load(options);
}
