#include "gateway/admin/admin_endpoints.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gateway/admin/console.hpp"
#include "gateway/admin/metrics_text.hpp"
#include "gateway/admin/status_json.hpp"
#include "gateway/http/problem.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;

namespace {

http_response page(std::string_view content_type, std::string body)
{
    http_response response;
    response.content_type = content_type;
    response.body = std::move(body);
    return response;
}

asio::awaitable<http_response> operate(const admin_hooks& hooks, asio::thread_pool& worker,
                                       const http_request& request)
{
    // runs elsewhere while this coroutine waits, so the request's views stay valid
    auto work = [&]() -> asio::awaitable<std::optional<operation_result>> {
        co_return hooks.operate(request.method, request.path, parse_query(request.query));
    };
    auto done = co_await asio::co_spawn(worker, work(), asio::use_awaitable);
    if (!done) {
        co_return make_problem(404, "Not Found",
                               "There is no such operation; see `sluice schema openapi`",
                               request.request_id);
    }
    auto response = page(done->content_type, std::move(done->body));
    response.status = done->status;
    co_return response;
}

asio::awaitable<http_response> run_export_now(const admin_hooks& hooks, const http_request& request)
{
    // /api/v1/exports/<name>/run
    auto name = request.path.substr(std::string_view("/api/v1/exports/").size());
    if (!name.ends_with("/run")) {
        co_return make_problem(404, "Not Found", "POST /api/v1/exports/<name>/run",
                               request.request_id);
    }
    name.remove_suffix(4);
    const auto problem = hooks.trigger_export(std::string(name));
    if (!problem) {
        co_return make_problem(404, "Not Found", fmt::format("There is no export '{}'", name),
                               request.request_id);
    }
    if (!problem->empty()) {
        co_return make_problem(409, "Not this gateway", *problem, request.request_id);
    }
    auto response = page("application/json", fmt::format("{{\"started\":\"{}\"}}", name));
    response.status = 202;
    co_return response;
}

asio::awaitable<http_response> enable_lane(const admin_hooks& hooks, const http_request& request)
{
    auto name = request.path.substr(std::string_view("/api/v1/lanes/").size());
    if (!name.ends_with("/enable")) {
        co_return make_problem(404, "Not Found", "POST /api/v1/lanes/<destination>/enable",
                               request.request_id);
    }
    name.remove_suffix(7);
    const bool is_known = co_await hooks.enable_lane(std::string(name));
    if (!is_known) {
        co_return make_problem(404, "Not Found", fmt::format("There is no lane '{}'", name),
                               request.request_id);
    }
    co_return page("application/json", fmt::format("{{\"enabled\":\"{}\"}}", name));
}

}  // namespace

void register_health_routes(router& routes, const admin_hooks& hooks)
{
    routes.add("GET", "/healthz", [](const http_request&) -> asio::awaitable<http_response> {
        co_return page("application/json", R"({"status":"ok"})");
    });
    routes.add("GET", "/readyz", [&hooks](const http_request& r) -> asio::awaitable<http_response> {
        const auto why = hooks.why_not_ready();
        if (why.empty()) co_return page("application/json", R"({"status":"ready"})");
        co_return make_problem(503, "Not ready", why, r.request_id, std::chrono::seconds(1));
    });
}

void register_admin_routes(router& routes, const admin_hooks& hooks, asio::thread_pool& worker)
{
    register_health_routes(routes, hooks);
    routes.add("GET", "/metrics", [&hooks](const http_request&) -> asio::awaitable<http_response> {
        const auto snapshot = co_await hooks.snapshot();
        co_return page("text/plain; version=0.0.4; charset=utf-8", metrics_text(snapshot));
    });
    routes.add("GET", "/api/v1/status",
               [&hooks](const http_request&) -> asio::awaitable<http_response> {
                   const auto snapshot = co_await hooks.snapshot();
                   co_return page("application/json", status_json(snapshot));
               });
    const auto operation = [&routes, &hooks, &worker](const char* method, const char* path) {
        routes.add(method, path,
                   [&hooks, &worker](const http_request& r) { return operate(hooks, worker, r); });
    };
    operation("GET", "/api/v1/dead/*");
    operation("POST", "/api/v1/dead/*");
    operation("GET", "/api/v1/datasets");
    operation("GET", "/api/v1/datasets/*");
    operation("POST", "/api/v1/datasets/*");
    operation("GET", "/api/v1/cursors");
    operation("POST", "/api/v1/cursors/*");
    operation("POST", "/api/v1/backup");
    operation("POST", "/api/v1/replay/*");
    operation("GET", "/api/v1/exports/runs");
    routes.add("POST", "/api/v1/exports/*",
               [&hooks](const http_request& r) { return run_export_now(hooks, r); });
    routes.add("POST", "/api/v1/lanes/*",
               [&hooks](const http_request& r) { return enable_lane(hooks, r); });
    routes.add("GET", "/", [](const http_request&) -> asio::awaitable<http_response> {
        co_return page("text/html; charset=utf-8", std::string(console_page()));
    });
}

}  // namespace sluice::gateway
