#include "gateway/edge/collect_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "datasets/log_error.hpp"
#include "gateway/http/problem.hpp"

namespace sluice::gateway {
namespace {

/// A client learns from the first refusals; a list of ten thousand would only be traffic.
constexpr std::size_t listed_rejections_max = 1000;

void append_rejected(std::string& out, const std::vector<rejected_event>& rejected)
{
    out += ",\"rejected\":[";
    const auto count = std::min(rejected.size(), listed_rejections_max);
    for (std::size_t i = 0; i < count; ++i) {
        fmt::format_to(std::back_inserter(out), "{}{{\"index\":{},\"title\":", i == 0 ? "" : ",",
                       rejected[i].index);
        append_json_string(out, rejected[i].title);
        out += ",\"detail\":";
        append_json_string(out, rejected[i].detail);
        out.push_back('}');
    }
    out.push_back(']');
}

}  // namespace

http_response answer_accepted(const intake_result& outcome, std::string_view request_id)
{
    const auto& rejected = outcome.rejected;
    if (outcome.accepted == 0 && !rejected.empty()) {
        const auto& first = rejected.front();
        if (rejected.size() == 1) {
            return make_problem(first.title == "Event too large" ? 413 : 400, first.title,
                                first.detail, request_id);
        }
        auto problem =
            make_problem(400, "All events were refused",
                         fmt::format("The first: {}. {}", first.title, first.detail), request_id);
        problem.body.pop_back();
        append_rejected(problem.body, rejected);
        problem.body.push_back('}');
        return problem;
    }
    http_response response;
    response.status = rejected.empty() ? 202 : 207;
    auto& body = response.body;
    body.reserve(64 + request_id.size());
    body = "{\"requestId\":";
    append_json_string(body, request_id);
    body += ",\"accepted\":";
    fmt::format_to(std::back_inserter(body), "{}", outcome.accepted);
    if (!rejected.empty()) append_rejected(body, rejected);
    body.push_back('}');
    return response;
}

http_response answer_failed(const failure& why, std::chrono::milliseconds retry_after,
                            std::string_view request_id)
{
    if (why.code == make_error_code(intake_errc::unknown_datastream)) {
        return make_problem(
            404, "Unknown datastream",
            "Name one of the configured datastreams with ?datastream=ID or x-sluice-datastream.",
            request_id);
    }
    if (why.code == make_error_code(datasets::log_errc::too_large)) {
        return make_problem(413, "Event too large", "The store cannot hold an event of this size.",
                            request_id);
    }
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(retry_after);
    return make_problem(503, "Not accepted now", why.message, request_id, seconds);
}

}  // namespace sluice::gateway
