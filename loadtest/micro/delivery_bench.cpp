// CPU per delivery: one rest_destination on one thread against a loopback receiver (`--url`, for
// example an nginx that returns 204, or the receiver of this program on another core). Prints
// requests/s and the CPU time of the delivering thread per request.
//   delivery_bench [--url URL] [--seconds N] [--in-flight N] [--connections N] [--body BYTES]

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <boost/asio.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "actions/destination.hpp"

namespace {

namespace asio = boost::asio;
using namespace sluice;

struct options {
    std::string url;
    int seconds = 5;
    int in_flight = 32;
    unsigned connections = 32;
    std::size_t body = 1024;
};

void pin_to(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

double thread_cpu_seconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Reads requests by their content-length and answers each with the same 204.
asio::awaitable<void> answer_all(asio::ip::tcp::socket socket)
{
    std::string in;
    char bytes[16 * 1024];
    boost::system::error_code ec;
    while (true) {
        const auto n = co_await socket.async_read_some(
            asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return;
        in.append(bytes, n);
        std::string out;
        while (true) {
            const auto end = in.find("\r\n\r\n");
            if (end == std::string::npos) break;
            const auto at = in.find("content-length: ");
            const std::size_t length =
                at == std::string::npos ? 0 : std::stoul(in.substr(at + 16, 12));
            if (in.size() < end + 4 + length) break;
            in.erase(0, end + 4 + length);
            out += "HTTP/1.1 204 No Content\r\nserver: bench\r\n\r\n";
        }
        if (out.empty()) continue;
        co_await asio::async_write(socket, asio::buffer(out),
                                   asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return;
    }
}

asio::awaitable<void> accept_all(asio::ip::tcp::acceptor& acceptor)
{
    while (true) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        socket.set_option(asio::ip::tcp::no_delay(true));
        asio::co_spawn(acceptor.get_executor(), answer_all(std::move(socket)), asio::detached);
    }
}

asio::awaitable<void> keep_sending(actions::destination& to, const std::string& body,
                                   const std::atomic<bool>& stop, std::uint64_t& failed)
{
    std::string id = "0190b3a2-7d1c-7c5e-b1a5-000000000000";
    actions::outgoing_request request;
    request.method = "POST";
    request.path = "/events";
    request.content_type = "application/json";
    request.body = body;
    request.webhook_id = id;
    while (!stop) {
        const auto outcome = co_await to.deliver(request);
        if (outcome.next != actions::outcome_class::delivered && !stop) ++failed;
    }
}

void run(const options& with)
{
    asio::io_context receiver(1);
    asio::ip::tcp::acceptor acceptor(receiver, {asio::ip::address_v4::loopback(), 0});
    std::thread receiving;
    std::string url = with.url;
    if (url.empty()) {
        url = fmt::format("http://127.0.0.1:{}/", acceptor.local_endpoint().port());
        asio::co_spawn(receiver, accept_all(acceptor), asio::detached);
        receiving = std::thread([&] {
            pin_to(1);
            receiver.run();
        });
    }
    pin_to(0);
    asio::io_context io(1);
    config::destination_settings settings;
    settings.url = url;
    settings.allow_private = {"127.0.0.0/8"};
    settings.connections_max = with.connections;
    auto made = actions::make_rest_destination("bench", settings, io.get_executor(), system_clock(),
                                               thread_random());
    if (!made) {
        fmt::print(stderr, "{}\n", made.error().message);
        std::exit(3);
    }
    const std::string body = "{\"text\":\"" + std::string(with.body, 'x') + "\"}";
    std::atomic<bool> stop{false};
    std::uint64_t failed = 0;
    for (int i = 0; i < with.in_flight; ++i) {
        asio::co_spawn(io, keep_sending(**made, body, stop, failed), asio::detached);
    }
    io.run_for(std::chrono::milliseconds(500));
    const auto before = (*made)->stats();
    const double cpu_before = thread_cpu_seconds();
    io.run_for(std::chrono::seconds(with.seconds));
    const double cpu = thread_cpu_seconds() - cpu_before;
    const auto after = (*made)->stats();
    const auto done = static_cast<double>(after.delivered - before.delivered);
    fmt::print(
        "{:.0f} requests/s, {:.2f} CPU us/request, {} in flight, {} connections, {} failed\n",
        done / with.seconds, cpu * 1e6 / done, with.in_flight, after.connections_open, failed);
    stop = true;
    (*made)->stop(std::chrono::milliseconds(200));
    io.run_for(std::chrono::milliseconds(300));
    receiver.stop();
    if (receiving.joinable()) receiving.join();
}

}  // namespace

int main(int count, char** arguments)
{
    options with;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string name = arguments[i];
        const char* const value = arguments[i + 1];
        if (name == "--url") with.url = value;
        if (name == "--seconds") with.seconds = std::atoi(value);
        if (name == "--in-flight") with.in_flight = std::atoi(value);
        if (name == "--connections") with.connections = static_cast<unsigned>(std::atoi(value));
        if (name == "--body") with.body = static_cast<std::size_t>(std::atoll(value));
    }
    run(with);
    return 0;
}
