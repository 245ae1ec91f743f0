#pragma once
// The endpoint behind the framing cases: says the method and gives the body back.

#include "config/settings_gateway.hpp"
#include "gateway/http/router.hpp"

namespace sluice::gateway::test {

[[nodiscard]] inline router make_probe_routes()
{
    router routes;
    for (const auto* method : {"GET", "HEAD", "POST", "PUT", "OPTIONS"}) {
        routes.add(method, "/probe",
                   [](const http_request& request) -> boost::asio::awaitable<http_response> {
                       http_response response;
                       response.content_type = "text/plain";
                       response.body.append(request.method).append("\n").append(request.body);
                       co_return response;
                   });
    }
    return routes;
}

/// The limits the cases are written for.
[[nodiscard]] inline config::http_limits case_limits()
{
    config::http_limits limits;
    limits.request_line_bytes_max = 8192;
    limits.header_bytes_max = 8192;
    limits.headers_max = 100;
    limits.body_bytes_max = 1024 * 1024;
    return limits;
}

}  // namespace sluice::gateway::test
