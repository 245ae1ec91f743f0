#include "gateway/service.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <thread>

#include "batch/export_job.hpp"
#include "batch/export_planner.hpp"
#include "datasets/log_error.hpp"
#include "datasets/open_log.hpp"
#include "gateway/admin/admin_endpoints.hpp"
#include "gateway/dataset_setup.hpp"
#include "gateway/edge_threads.hpp"
#include "gateway/io_threads.hpp"
#include "gateway/lanes/lane_set.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto start_period = 1s;  // between attempts to begin while the cluster is away

}  // namespace

/// Members stand in the order of their start; stop() takes them down in reverse.
struct service::state {
    state(loaded_config c, const clock_source& time, std::unique_ptr<datasets::event_log> opened)
        : config(std::move(c)),
          clock(time),
          started_at(time.wall_now()),
          log(std::move(opened)),
          threads(config.settings.gateway.threads),
          lanes(*log, threads, clock, config.settings.gateway.batch_cache_bytes_max),
          edge(*log, threads, clock)
    {
    }

    result<void> start();
    result<void> begin_delivery();
    result<void> begin_again();
    result<void> begin_or_wait();
    void keep_trying();
    void stop_trying();
    result<void> take_over(loaded_config next);
    void start_exports();
    void make_hooks();
    std::optional<operation_result> operate(std::string_view method, std::string_view path,
                                            const query_parameters& query);
    result<void> while_lane_stopped(const std::string& destination,
                                    const std::function<result<void>()>& change);
    void stop();
    asio::awaitable<gateway_snapshot> snapshot();
    std::string why_not_ready() const;

    loaded_config config;
    const clock_source& clock;
    const wall_time started_at;
    std::unique_ptr<datasets::event_log> log;
    io_threads threads;
    lane_set lanes;
    mutable std::mutex mutex;  ///< guards `config` and `exports`, which a reload replaces
    std::unique_ptr<batch::export_scheduler> exports;
    /// Held while lanes are built or taken down: start, reload, a lane's restart, stop.
    std::mutex lanes_changing;
    bool is_stopped = false;  ///< guarded by `lanes_changing`
    /// Held by the one operation that changes something: two at a time would get in each other's
    /// way.
    std::mutex operation_changing;
    /// Two, so that people can look at the log while something long is going on.
    asio::thread_pool worker{2};
    admin_hooks hooks;
    edge_threads edge;
    std::atomic<bool> is_draining{false};
    std::string why_waiting;  ///< for the cluster, before lanes and exports can begin; by `mutex`
    bool is_over = false;     ///< tells the starter to end; by `mutex`
    std::condition_variable wake_starter;
    std::thread starter;
};

void service::state::start_exports()
{
    std::lock_guard lock(mutex);
    exports = std::make_unique<batch::export_scheduler>(*log, config.settings.exports, clock);
    exports->start();
}

/// All that needs the log to answer.
result<void> service::state::begin_delivery()
{
    if (auto r = open_datasets(*log, config.settings); r.has_error()) return r;
    if (auto r = lanes.start(config.settings, config.catalog); r.has_error()) return r;
    log->let_spool_flow(true);
    start_exports();
    return {};
}

/// A cluster that can't be reached, or lacks a right or a topic, is mended without us: the gateway
/// says why it is not ready and tries again. What is wrong on this machine is a failure.
result<void> service::state::begin_or_wait()
{
    auto begun = begin_delivery();
    if (begun.has_value()) {
        std::lock_guard lock(mutex);
        why_waiting.clear();
    }
    if (begun.has_value() || !config::uses_kafka(config.settings)) return begun;
    const auto& of_log = datasets::make_error_code(datasets::log_errc::refusing).category();
    if (begun.error().code.category() != of_log) return begun;
    spdlog::error("waiting for the cluster: {}", begun.error().message);
    std::lock_guard lock(mutex);
    why_waiting = begun.error().message;
    is_over = false;
    starter = std::thread([this] { keep_trying(); });
    return {};
}

result<void> service::state::begin_again()
{
    std::lock_guard changing(lanes_changing);
    lanes.stop(500ms);
    return begin_delivery();
}

/// On a thread of its own.
void service::state::keep_trying()
{
    std::unique_lock lock(mutex);
    while (!wake_starter.wait_for(lock, start_period, [this] { return is_over; })) {
        lock.unlock();
        auto begun = begin_again();
        lock.lock();
        if (begun.has_value()) {
            why_waiting.clear();
            spdlog::info("the cluster is there: lanes and exports run");
            return;
        }
        if (begun.error().message != why_waiting) {
            spdlog::error("still waiting: {}", begun.error().message);
        }
        why_waiting = begun.error().message;
    }
}

void service::state::stop_trying()
{
    {
        std::lock_guard lock(mutex);
        is_over = true;
    }
    wake_starter.notify_all();
    if (starter.joinable()) starter.join();
    std::lock_guard lock(mutex);
    why_waiting.clear();
}

result<void> service::state::start()
{
    make_hooks();
    if (!config::uses_kafka(config.settings)) {
        if (auto r = begin_or_wait(); r.has_error()) return r;
        return edge.start(config.settings, hooks, worker);
    }
    // A cluster may be silent for seconds: /readyz answers meanwhile, and a spool takes events. The
    // log itself accepts none before lanes have stored where they begin.
    if (auto r = prepare_datasets(*log, config.settings); r.has_error()) return r;
    {
        std::lock_guard lock(mutex);
        why_waiting = "connecting to the Kafka cluster";
    }
    if (auto r = edge.start(config.settings, hooks, worker); r.has_error()) return r;
    std::lock_guard changing(lanes_changing);
    return begin_or_wait();
}

std::string service::state::why_not_ready() const
{
    if (is_draining) return "draining: this gateway is about to stop";
    const auto status = log->status();
    if (status.health != datasets::log_health::ok) return status.reason;
    std::lock_guard lock(mutex);
    // with a spool events are taken all the same
    if (config.settings.kafka.spool.enabled) return {};
    // a gateway that the group does not let in takes events, but delivers none
    if (config::uses_kafka(config.settings) && !status.reason.empty()) return status.reason;
    return why_waiting;
}

/// Stops lanes and exports and starts those of another configuration.
result<void> service::state::take_over(loaded_config next)
{
    stop_trying();  // the starter may hold what comes next
    std::lock_guard changing(lanes_changing);
    log->let_spool_flow(false);
    lanes.stop(config.settings.gateway.drain_timeout);
    if (exports) exports->stop();
    {
        std::lock_guard lock(mutex);
        config = std::move(next);
    }
    return begin_or_wait();
}

void service::state::make_hooks()
{
    hooks.snapshot = [this] { return snapshot(); };
    hooks.why_not_ready = [this] { return why_not_ready(); };
    hooks.enable_lane = [this](std::string name) { return lanes.enable(std::move(name)); };
    hooks.trigger_export = [this](const std::string& name) -> std::optional<std::string> {
        std::lock_guard lock(mutex);
        const auto found = config.settings.exports.find(name);
        if (found == config.settings.exports.end()) return std::nullopt;
        const auto& dataset = found->second.dataset;
        if (!batch::exports_here(*log, dataset)) {
            return fmt::format("The gateway that owns partition 0 of '{}' runs it: ask that one",
                               dataset);
        }
        if (!exports) return why_waiting;
        exports->trigger(name);
        return std::string{};
    };
    hooks.operate = [this](std::string_view method, std::string_view path,
                           const query_parameters& query) { return operate(method, path, query); };
}

/// On a worker thread.
std::optional<operation_result> service::state::operate(std::string_view method,
                                                        std::string_view path,
                                                        const query_parameters& query)
{
    std::unique_lock changing(operation_changing, std::defer_lock);
    if (method != "GET" && !changing.try_lock()) {
        return operation_problem(409,
                                 "another operation is changing the log; try again when it is done "
                                 "(a backup or a replay may take minutes)");
    }
    loaded_config now;
    {
        std::lock_guard lock(mutex);
        now = config;
    }
    const operation_context context{
        *log, now.settings, now.catalog.get(), clock,
        [this](const std::string& destination, const std::function<result<void>()>& change) {
            return while_lane_stopped(destination, change);
        }};
    return run_operation(context, method, path, query);
}

result<void> service::state::while_lane_stopped(const std::string& destination,
                                                const std::function<result<void>()>& change)
{
    std::lock_guard changing(lanes_changing);
    if (is_stopped) {
        return failure{
            boost::system::errc::make_error_code(boost::system::errc::operation_canceled),
            "the gateway is stopping; run the command again when it has stopped"};
    }
    {
        std::lock_guard lock(mutex);
        if (!why_waiting.empty()) {
            return failure{
                make_error_code(datasets::log_errc::refusing),
                "the gateway waits for the cluster, its lanes do not run yet: " + why_waiting};
        }
    }
    spdlog::info("lane {}: stopped by an operator to move its position", destination);
    return lanes.restart(config.settings, destination, config.settings.gateway.drain_timeout,
                         change);
}

asio::awaitable<gateway_snapshot> service::state::snapshot()
{
    gateway_snapshot s;
    s.taken_at = clock.wall_now();
    s.started_at = started_at;
    s.log = log->status();
    s.log_counts = log->counts();
    s.log_figures = log->figures();
    s.edge = edge.counts();
    s.lanes = co_await lanes.snapshots();
    for (const auto& spec : log->list_datasets()) {
        const auto owned = log->owned_partitions(spec.name);
        for (std::uint32_t p = 0; p < spec.partitions; ++p) {
            const datasets::partition_ref at{spec.name, partition_id{p}};
            const bool is_owned =
                std::find(owned.begin(), owned.end(), at.partition) != owned.end();
            if (auto extent = log->extent(at); extent.has_value())
                s.datasets.push_back({at, *extent, is_owned});
        }
    }
    for (const auto& lane : s.lanes) {
        for (const auto& [name, c] : lane.rules) {
            auto& sum = s.rules[name];
            sum.matched += c.matched;
            sum.no_match += c.no_match;
            sum.absent += c.absent;
            sum.error += c.error;
            sum.sampled_out += c.sampled_out;
            sum.dropped += c.dropped;
        }
    }
    {
        std::lock_guard lock(mutex);
        if (!why_waiting.empty() && s.log.reason.find(why_waiting) == std::string::npos) {
            s.log.reason += (s.log.reason.empty() ? "" : "; ") + why_waiting;
        }
        if (exports) {
            for (const auto& [name, e] : exports->stats()) {
                s.exports.push_back({name, e->runs_succeeded, e->runs_failed, e->rows, e->files,
                                     e->bytes, e->last_success_unix_ms});
            }
        }
        s.rules_hash = config.catalog->content_hash();
    }
    s.batch_cache_bytes = lanes.batches().bytes();
    s.batch_cache_hits = lanes.batches().hits();
    s.batch_cache_misses = lanes.batches().misses();
    read_process_usage(s);
    co_return s;
}

void service::state::stop()
{
    is_draining = true;
    const auto begin = clock.steady_now();
    const auto allowed = config.settings.gateway.drain_timeout;
    stop_trying();
    edge.drain(allowed / 2);
    const auto used =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady_now() - begin);
    {
        std::lock_guard changing(lanes_changing);
        is_stopped = true;
        lanes.stop(std::max(allowed - used, 500ms));
    }
    if (exports) exports->stop();
    log->close();
    edge.stop();
    worker.join();
}

result<std::unique_ptr<service>> service::start(loaded_config config, const clock_source& clock)
{
    auto settings = datasets::log_settings_for(config.settings);
    settings.clock = &clock;
    auto log = datasets::open_log(settings);
    if (log.has_error()) return log.error();
    auto s = std::make_unique<state>(std::move(config), clock, std::move(*log));
    if (auto r = s->start(); r.has_error()) {
        s->stop();
        return r.error();
    }
    return std::unique_ptr<service>(new service(std::move(s)));
}

service::service(std::unique_ptr<state> s) : state_(std::move(s)) {}
service::~service() = default;

result<void> service::reload(loaded_config config)
{
    auto& s = *state_;
    const auto& before = s.config.settings.gateway;
    const auto& after = config.settings.gateway;
    if (before.edge.port != after.edge.port || before.edge.address != after.edge.address ||
        before.admin.port != after.admin.port || before.threads != after.threads ||
        before.data_dir != after.data_dir) {
        spdlog::warn("listener, thread and store settings change only with a restart");
    }
    auto previous = s.config;
    auto taken = s.take_over(std::move(config));
    if (taken.has_error()) {
        // a certificate that can't be read, an address the guard refuses: deliveries must go on
        spdlog::error("going on with the previous configuration: {}", taken.error().message);
        if (auto back = s.take_over(std::move(previous)); back.has_error()) return back;
        return taken;
    }
    s.edge.replace_datastreams(s.config.settings);
    spdlog::info("reloaded: rules {}", s.config.catalog->content_hash().substr(0, 12));
    return {};
}

void service::stop()
{
    state_->stop();
}
std::uint16_t service::edge_port() const
{
    return state_->edge.edge_port();
}
std::uint16_t service::admin_port() const
{
    return state_->edge.admin_port();
}

}  // namespace sluice::gateway
