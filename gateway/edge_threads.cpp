#include "gateway/edge_threads.hpp"

#include <spdlog/spdlog.h>

#include <thread>

#include "gateway/admin/metric_names.hpp"
#include "gateway/completion_queue.hpp"
#include "gateway/edge/collect_endpoint.hpp"
#include "gateway/edge/event_intake.hpp"
#include "gateway/edge/intake_stats.hpp"
#include "gateway/http/listener.hpp"
#include "rules/json_expression.hpp"

namespace sluice::gateway {

using namespace std::chrono_literals;

struct edge_threads::edge_thread {
    explicit edge_thread(boost::asio::io_context& on) : completions(on) {}
    completion_queue completions;
    http_stats http;
    intake_stats events;
    router routes;
    std::unique_ptr<event_intake> intake;
    std::unique_ptr<listener> door;
};

struct edge_threads::admin_side {
    http_stats http;
    router routes;
    std::unique_ptr<listener> door;
};

namespace {

/// Each thread compiles its own ordering keys: an rules::json_expression is not shared.
std::vector<intake_datastream> make_datastreams(const config::settings& settings)
{
    std::vector<intake_datastream> list;
    for (const auto& [name, stream] : settings.datastreams) {
        intake_datastream d;
        d.name = name;
        d.dataset = dataset_name{stream.dataset};
        d.partitions = settings.datasets.at(stream.dataset).partitions;
        d.tokens = stream.tokens;
        d.id_path = stream.id_path.value_or("");
        d.is_enabled = stream.enabled;
        if (stream.key) {
            // checked when the configuration was loaded
            std::shared_ptr<rules::json_expression> key =
                std::move(rules::json_expression::compile(*stream.key, "event", false).value());
            d.key = [key](std::string_view event) { return key->text(event); };
        }
        list.push_back(std::move(d));
    }
    return list;
}

}  // namespace

edge_threads::edge_threads(datasets::event_log& log, io_threads& threads, const clock_source& clock)
    : log_(log), threads_(threads), clock_(clock)
{
}

edge_threads::~edge_threads() = default;

result<void> edge_threads::start_thread(std::size_t i, const config::settings& settings,
                                        const admin_hooks& hooks)
{
    auto& context = threads_.context(i);
    auto ingest = settings.gateway.ingest;
    ingest.in_flight_bytes_max /= threads_.size();
    auto door = settings.gateway.edge;
    // the first thread may get any free port; the others share it
    if (edge_port_ != 0) door.port = edge_port_;
    return threads_.run_on(i, [&]() -> result<void> {
        auto& edge = *edges_.emplace_back(std::make_unique<edge_thread>(context));
        edge.intake =
            make_event_intake(make_datastreams(settings), ingest,
                              {log_, edge.completions, clock_, thread_random(), edge.events});
        register_edge_routes(edge.routes, *edge.intake, ingest);
        register_health_routes(edge.routes, hooks);
        auto opened = open_listener(context, door, edge.routes, edge.http);
        if (opened.has_error()) return opened.error();
        edge.door = std::move(*opened);
        edge_port_ = edge.door->port();
        return {};
    });
}

result<void> edge_threads::start(const config::settings& settings, const admin_hooks& hooks,
                                 boost::asio::thread_pool& worker)
{
    // SO_REUSEPORT would let a second gateway share the port unnoticed
    for (const auto* door : {&settings.gateway.edge, &settings.gateway.admin}) {
        if (auto r = check_address_is_free(*door); r.has_error()) return r;
    }
    for (std::size_t i = 0; i < threads_.size(); ++i) {
        if (auto r = start_thread(i, settings, hooks); r.has_error()) return r;
    }
    return threads_.run_on(0, [&]() -> result<void> {
        admin_ = std::make_unique<admin_side>();
        register_admin_routes(admin_->routes, hooks, worker);
        auto opened = open_listener(threads_.context(0), settings.gateway.admin, admin_->routes,
                                    admin_->http);
        if (opened.has_error()) return opened.error();
        admin_->door = std::move(*opened);
        return {};
    });
}

std::size_t edge_threads::open_sessions()
{
    std::size_t open = 0;
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        open += threads_.run_on(i, [&edge = *edges_[i]]() -> std::size_t {
            return edge.door ? edge.door->open_sessions() : 0;
        });
    }
    return open;
}

void edge_threads::drain(std::chrono::milliseconds allowed)
{
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        threads_.run_on(i, [&edge = *edges_[i]] {
            if (edge.door) edge.door->drain();
        });
    }
    const auto until = clock_.steady_now() + allowed;
    while (clock_.steady_now() < until && open_sessions() != 0) std::this_thread::sleep_for(5ms);
}

void edge_threads::stop()
{
    if (admin_) {
        threads_.run_on(0, [this] {
            if (admin_->door) admin_->door->stop();
        });
    }
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        threads_.run_on(i, [&edge = *edges_[i]] {
            if (edge.door) edge.door->stop();
        });
    }
    const auto until = clock_.steady_now() + 2s;
    const auto admin_sessions = [this] {
        return threads_.run_on(0, [this]() -> std::size_t {
            return admin_ && admin_->door ? admin_->door->open_sessions() : 0;
        });
    };
    while (open_sessions() + admin_sessions() != 0 && clock_.steady_now() < until) {
        std::this_thread::sleep_for(1ms);
    }
    threads_.run_on(0, [this] { admin_.reset(); });
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        threads_.run_on(i, [&edge = edges_[i]] { edge.reset(); });
    }
    edges_.clear();
}

void edge_threads::replace_datastreams(const config::settings& settings)
{
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        threads_.run_on(i, [&edge = *edges_[i], &settings] {
            edge.intake->replace_datastreams(make_datastreams(settings));
        });
    }
}

std::uint16_t edge_threads::edge_port() const
{
    return edge_port_;
}
std::uint16_t edge_threads::admin_port() const
{
    return admin_->door->port();
}

std::vector<named_count> edge_threads::counts() const
{
    std::vector<named_count> sums;
    const auto sum = [&](std::string_view name, auto count) {
        std::uint64_t total = 0;
        for (const auto& edge : edges_) total += count(*edge);
        sums.push_back({name, total});
    };
    using edge = edge_thread;
    sum(metric::connections_accepted,
        [](const edge& e) { return e.http.connections_accepted.load(); });
    sum(metric::connections_open, [](const edge& e) { return e.http.connections_open.load(); });
    sum(metric::connections_refused,
        [](const edge& e) { return e.http.connections_refused.load(); });
    sum(metric::requests, [](const edge& e) { return e.http.requests.load(); });
    sum(metric::responses_2xx, [](const edge& e) { return e.http.responses_2xx.load(); });
    sum(metric::responses_4xx, [](const edge& e) { return e.http.responses_4xx.load(); });
    sum(metric::responses_5xx, [](const edge& e) { return e.http.responses_5xx.load(); });
    sum(metric::framing_errors, [](const edge& e) { return e.http.framing_errors.load(); });
    sum(metric::timeouts, [](const edge& e) { return e.http.timeouts.load(); });
    sum(metric::bytes_received, [](const edge& e) { return e.http.bytes_received.load(); });
    sum(metric::bytes_sent, [](const edge& e) { return e.http.bytes_sent.load(); });
    sum(metric::events_accepted, [](const edge& e) { return e.events.events_accepted.load(); });
    sum(metric::events_rejected, [](const edge& e) {
        return e.events.rejected_syntax.load() + e.events.rejected_not_an_object.load() +
               e.events.rejected_duplicate_key.load() + e.events.rejected_limits.load();
    });
    sum(metric::events_refused, [](const edge& e) {
        return e.events.refused_overloaded.load() + e.events.refused_by_log.load();
    });
    sum(metric::events_unknown, [](const edge& e) { return e.events.unknown.load(); });
    sum(metric::event_bytes, [](const edge& e) { return e.events.bytes_accepted.load(); });
    sum(metric::ingest_in_flight, [](const edge& e) { return e.events.in_flight_bytes.load(); });
    return sums;
}

}  // namespace sluice::gateway
