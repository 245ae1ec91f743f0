#pragma once
// The edge of the gateway on every I/O thread: listener, routes, intake, the queue that brings
// acknowledgements back. The admin listener lives on the first thread. Used from the main thread;
// counts() from anywhere.

#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "config/settings.hpp"
#include "datasets/event_log.hpp"
#include "gateway/admin/admin_endpoints.hpp"
#include "gateway/io_threads.hpp"

namespace sluice::gateway {

class edge_threads {
public:
    edge_threads(datasets::event_log& log, io_threads& threads, const clock_source& clock);
    ~edge_threads();

    /// Listens on all threads. `hooks` and `worker` outlive this. The failure names the busy port.
    result<void> start(const config::settings& settings, const admin_hooks& hooks,
                       boost::asio::thread_pool& worker);
    /// Stops accepting and waits until the requests under way are answered, at most `allowed`; the
    /// admin listener stays, so that status and metrics can be watched meanwhile.
    void drain(std::chrono::milliseconds allowed);
    /// Closes everything that is left. The log must be closed, so that no request waits for it any
    /// more.
    void stop();

    void replace_datastreams(const config::settings& settings);

    [[nodiscard]] std::uint16_t edge_port() const;
    [[nodiscard]] std::uint16_t admin_port() const;
    /// Sums over all threads.
    [[nodiscard]] std::vector<named_count> counts() const;

private:
    struct edge_thread;
    struct admin_side;
    result<void> start_thread(std::size_t i, const config::settings& settings,
                              const admin_hooks& hooks);
    [[nodiscard]] std::size_t open_sessions();

    datasets::event_log& log_;
    io_threads& threads_;
    const clock_source& clock_;
    std::vector<std::unique_ptr<edge_thread>> edges_;
    std::unique_ptr<admin_side> admin_;
    std::uint16_t edge_port_ = 0;
};

}  // namespace sluice::gateway
