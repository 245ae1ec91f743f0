#include "gateway/http/router.hpp"

#include <algorithm>
#include <array>

#include "gateway/http/problem.hpp"

namespace sluice::gateway {
namespace {

constexpr std::array<std::string_view, 9> known_methods{
    "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"};

bool has_method(const std::vector<std::string_view>& methods, std::string_view method)
{
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

std::string join_methods(std::vector<std::string_view> methods)
{
    if (has_method(methods, "GET") && !has_method(methods, "HEAD")) methods.emplace_back("HEAD");
    if (!has_method(methods, "OPTIONS")) methods.emplace_back("OPTIONS");
    std::string text;
    for (const auto method : methods) text.append(text.empty() ? "" : ", ").append(method);
    return text;
}

}  // namespace

void router::add(std::string method, std::string path, endpoint_function endpoint)
{
    route added{std::move(method), std::move(path), false, std::move(endpoint)};
    if (added.path.ends_with("/*")) {
        added.is_prefix = true;
        added.path.pop_back();
    }
    routes_.push_back(std::move(added));
}

const endpoint_function* router::find(const http_request& request, http_response& otherwise) const
{
    std::vector<std::string_view> allowed;
    const endpoint_function* instead_of_head = nullptr;
    for (const auto& candidate : routes_) {
        const bool fits = candidate.is_prefix ? request.path.starts_with(candidate.path)
                                              : request.path == candidate.path;
        if (!fits) continue;
        if (candidate.method == request.method) return &candidate.endpoint;
        if (candidate.method == "GET" && request.method == "HEAD")
            instead_of_head = &candidate.endpoint;
        if (!has_method(allowed, candidate.method)) allowed.emplace_back(candidate.method);
    }
    if (instead_of_head != nullptr) return instead_of_head;
    if (std::find(known_methods.begin(), known_methods.end(), request.method) ==
        known_methods.end()) {
        otherwise = make_problem(501, "Unknown method", "Use GET or POST.", request.request_id);
        return nullptr;
    }
    if (request.method == "OPTIONS" && (request.path == "*" || !allowed.empty())) {
        otherwise = {.status = 204, .content_type = {}, .headers = {}, .body = {}};
        otherwise.headers.emplace_back("Allow", allowed.empty() ? "GET, HEAD, POST, OPTIONS"
                                                                : join_methods(std::move(allowed)));
        return nullptr;
    }
    if (allowed.empty() && request.method != "CONNECT" && request.method != "TRACE") {
        otherwise = make_problem(404, "Not found",
                                 "There is nothing at this path; docs/http.md lists the paths.",
                                 request.request_id);
        return nullptr;
    }
    const auto list = allowed.empty() ? std::string{"GET, HEAD, POST, OPTIONS"}
                                      : join_methods(std::move(allowed));
    otherwise = make_problem(405, "Method not allowed", "This path takes: " + list + ".",
                             request.request_id);
    otherwise.headers.emplace_back("Allow", list);
    return nullptr;
}

}  // namespace sluice::gateway
