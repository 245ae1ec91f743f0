#include "gateway/http/problem.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string>

namespace sluice::gateway {

void append_json_string(std::string& out, std::string_view text)
{
    out.push_back('"');
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

http_response make_problem(int status, std::string_view title, std::string_view detail,
                           std::string_view request_id,
                           std::optional<std::chrono::seconds> retry_after)
{
    http_response response;
    response.status = status;
    response.content_type = "application/problem+json";
    auto& body = response.body;
    body.reserve(128 + title.size() + detail.size());
    body = "{\"type\":\"about:blank\",\"title\":";
    append_json_string(body, title);
    fmt::format_to(std::back_inserter(body), ",\"status\":{}", status);
    if (!detail.empty()) {
        body += ",\"detail\":";
        append_json_string(body, detail);
    }
    if (!request_id.empty()) {
        body += ",\"requestId\":";
        append_json_string(body, request_id);
    }
    body.push_back('}');
    if (retry_after)
        response.headers.emplace_back("Retry-After", std::to_string(retry_after->count()));
    return response;
}

}  // namespace sluice::gateway
