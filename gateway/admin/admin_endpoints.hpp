#pragma once
// The admin listener's routes: health, metrics, status, operations on the log, export runs,
// console. Blocking work goes to a worker thread, so the I/O thread keeps serving.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>
#include <string>

#include "gateway/admin/operations.hpp"
#include "gateway/admin/snapshot.hpp"
#include "gateway/http/router.hpp"

namespace sluice::gateway {

/// What the endpoints ask of the service. Called on the admin listener's thread, except `operate`,
/// which runs on the worker.
struct admin_hooks {
    std::function<boost::asio::awaitable<gateway_snapshot>()> snapshot;
    std::function<std::optional<operation_result>(std::string_view method, std::string_view path,
                                                  const query_parameters& query)>
        operate;
    std::function<boost::asio::awaitable<bool>(std::string lane)> enable_lane;
    /// Nothing: there is no such export. Empty: it runs as soon as possible. Else why it can't
    /// here.
    std::function<std::optional<std::string>(const std::string& name)> trigger_export;
    /// Empty when ready, else why not.
    std::function<std::string()> why_not_ready;
};

/// `hooks` and `worker` must outlive the router.
void register_admin_routes(router& routes, const admin_hooks& hooks,
                           boost::asio::thread_pool& worker);

/// `/healthz` and `/readyz`, which both listeners have.
void register_health_routes(router& routes, const admin_hooks& hooks);

}  // namespace sluice::gateway
