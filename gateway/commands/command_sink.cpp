#include "gateway/commands/command_sink.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "config/clock.hpp"
#include "gateway/commands/sink_session.hpp"

namespace sluice::gateway {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr auto flush_interval = std::chrono::milliseconds{50};

int complain(int exit_code, std::string_view message)
{
    fmt::print(stderr, "sluice sink: {}\n", message);
    return exit_code;
}

/// Sessions are detached: they end with the io_context, which owns them and is destroyed first.
asio::awaitable<void> accept_all(tcp::acceptor& acceptor, sink_context& context)
{
    for (;;) {
        auto [ec, socket] = co_await acceptor.async_accept(no_throw);
        if (ec == asio::error::operation_aborted) co_return;
        if (ec) continue;
        const auto executor = socket.get_executor();
        asio::co_spawn(executor, run_sink_session(std::move(socket), context), asio::detached);
    }
}

asio::awaitable<void> flush_regularly(sink_recorder& recorder)
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        timer.expires_after(flush_interval);
        const auto [ec] = co_await timer.async_wait(no_throw);
        if (ec) co_return;
        recorder.flush();
    }
}

boost::system::error_code listen(tcp::acceptor& acceptor, const sink_options& options)
{
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(options.address, ec);
    if (ec) return ec;
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    return ec;
}

/// The port goes to stderr, because stdout may carry the records.
void announce(const sink_options& options, std::uint16_t port)
{
    fmt::print(stderr, "sluice sink: listening on http://{}:{}\n", options.address, port);
    std::fflush(stderr);
    if (!options.port_file.empty()) std::ofstream(options.port_file) << port << '\n';
}

}  // namespace

int run_sink(const sink_options& options)
{
    auto script = sink_script::make(options.script);
    if (!script) return complain(2, script.error().message);
    auto recorder = sink_recorder::open(options.recorder);
    if (!recorder) return complain(3, recorder.error().message);

    sink_context context{*script, **recorder, thread_random(), system_clock(), options.answer_body};
    asio::io_context io(1);
    tcp::acceptor acceptor(io);
    if (const auto ec = listen(acceptor, options); ec) {
        return complain(
            3, fmt::format("can't listen on {}:{}: {}; choose another --port, or 0 for any "
                           "free one",
                           options.address, options.port, ec.message()));
    }
    announce(options, acceptor.local_endpoint().port());

    asio::signal_set signals(io, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code&, int) { io.stop(); });
    asio::co_spawn(io, accept_all(acceptor, context), asio::detached);
    asio::co_spawn(io, flush_regularly(**recorder), asio::detached);
    io.run();
    (*recorder)->flush();
    fmt::print(stderr, "sluice sink: {} requests received\n", (*recorder)->requests());
    return 0;
}

void add_sink_command(CLI::App& app, std::function<int()>& selected)
{
    // CLI11 writes into the options while it parses, long after this function has returned.
    auto options = std::make_shared<sink_options>();
    auto* sink = app.add_subcommand(
        "sink", "A receiver that records what it gets and answers as it is told");
    sink->add_option("--address", options->address, "Address to listen on")->capture_default_str();
    sink->add_option("--port", options->port, "Port; 0 takes any free one")->capture_default_str();
    sink->add_option("--port-file", options->port_file, "Writes the port into this file");
    sink->add_option("--out", options->recorder.file, "File for the NDJSON records, - is stdout")
        ->capture_default_str();
    sink->add_flag("--count", options->recorder.count_only, "Counts only, records nothing");
    sink->add_option("--keep", options->recorder.keep, "Requests kept for GET /__sink/requests")
        ->capture_default_str();
    sink->add_option("--status", options->script.status,
                     "Answers in order, the last one for ever: 503x3,200")
        ->capture_default_str();
    sink->add_option("--on", options->script.on,
                     "Answers of one path: /crm=503x3,200 (repeatable)");
    sink->add_option("--delay", options->script.delay, "Waits so long before each answer: 50ms")
        ->capture_default_str();
    sink->add_option("--fail-share", options->script.fail_share,
                     "Share of requests that fail, 0 to 1")
        ->capture_default_str();
    sink->add_option("--fail-status", options->script.fail_status, "Status of these failures")
        ->capture_default_str();
    sink->add_flag("--hang", options->script.hang, "Reads requests and never answers");
    sink->add_option("--retry-after", options->script.retry_after,
                     "Seconds in the Retry-After of every answer that is not 2xx");
    sink->add_option("--body", options->answer_body, "Body of the answers")->capture_default_str();
    sink->callback([options, &selected] { selected = [options] { return run_sink(*options); }; });
}

}  // namespace sluice::gateway
