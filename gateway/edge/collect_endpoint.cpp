#include "gateway/edge/collect_endpoint.hpp"

#include <optional>
#include <string>

#include "gateway/edge/cloud_event.hpp"
#include "gateway/edge/collect_answer.hpp"
#include "gateway/edge/event_splitter.hpp"
#include "gateway/http/ascii.hpp"
#include "gateway/http/problem.hpp"

namespace sluice::gateway {
namespace {

/// How the body is to be read, by its Content-Type.
struct body_kind {
    body_form form = body_form::unknown;
    std::string_view source = "native";
};

std::optional<body_kind> kind_of(std::string_view content_type)
{
    const auto media = trimmed(content_type.substr(0, content_type.find(';')));
    const auto is = [media](std::string_view name) { return equals_ignoring_case(media, name); };
    // sendBeacon and simple cross-origin requests can only say text/plain
    if (media.empty() || is("text/plain")) return body_kind{};
    if (is("application/json") || is("text/json")) return body_kind{body_form::json};
    if (is("application/x-ndjson") || is("application/ndjson") || is("application/jsonl") ||
        is("application/json-lines")) {
        return body_kind{body_form::lines};
    }
    if (is("application/cloudevents+json") || is("application/cloudevents-batch+json")) {
        return body_kind{body_form::json, "cloudevents"};
    }
    return {};
}

bool has_valid_token(const intake_datastream& stream, std::string_view authorization)
{
    if (stream.tokens.empty()) return true;
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size() ||
        !equals_ignoring_case(authorization.substr(0, scheme.size()), scheme)) {
        return false;
    }
    const auto presented = trimmed(authorization.substr(scheme.size()));
    bool is_known = false;
    // all of them are compared: the time must not tell which one came close
    for (const auto& token : stream.tokens) is_known = token.equals(presented) || is_known;
    return is_known;
}

class collect_endpoint {
public:
    collect_endpoint(event_intake& intake, const config::ingest_settings& settings)
        : intake_(intake), events_max_(settings.events_per_request_max)
    {
    }

    boost::asio::awaitable<http_response> serve(const http_request& request) const
    {
        const auto named = name_datastream(request);
        const auto* stream = intake_.find_datastream(named);
        if (stream == nullptr) co_return unknown_datastream(request, named);
        if (!has_valid_token(*stream, request.header("authorization")))
            co_return unauthorized(request);
        std::vector<incoming_event> events;
        std::string cloud_event;
        std::string_view source;
        if (auto refused = read_events(request, events, cloud_event, source))
            co_return std::move(*refused);
        const auto outcome =
            co_await intake_.accept(stream->name, source, events, request.request_id);
        if (!outcome)
            co_return answer_failed(outcome.error(), intake_.retry_after(), request.request_id);
        co_return answer_accepted(*outcome, request.request_id);
    }

private:
    static std::string name_datastream(const http_request& request)
    {
        auto name = request.query.empty() ? std::string{} : request.query_parameter("datastream");
        if (name.empty()) name = request.header("x-sluice-datastream");
        return name;
    }

    static http_response unknown_datastream(const http_request& request, std::string_view named)
    {
        if (named.empty()) {
            return make_problem(
                400, "No datastream named",
                "Say which one with ?datastream=ID or the header x-sluice-datastream.",
                request.request_id);
        }
        return answer_failed({make_error_code(intake_errc::unknown_datastream), {}}, {},
                             request.request_id);
    }

    static http_response unauthorized(const http_request& request)
    {
        auto problem = make_problem(401, "Unauthorized",
                                    "Send Authorization: Bearer with a token of this datastream.",
                                    request.request_id);
        problem.headers.emplace_back("WWW-Authenticate", "Bearer");
        return problem;
    }

    /// Fills `events` with views into the body or into `cloud_event`; a response when that cannot
    /// be done.
    std::optional<http_response> read_events(const http_request& request,
                                             std::vector<incoming_event>& events,
                                             std::string& cloud_event,
                                             std::string_view& source) const
    {
        if (is_binary_cloud_event(request)) {
            source = "cloudevents";
            if (const auto error = build_cloud_event(request, cloud_event)) {
                return make_problem(400, "Not a CloudEvent", error->detail, request.request_id);
            }
            events.push_back({cloud_event, {}, {}});
            return {};
        }
        const auto kind = kind_of(request.header("content-type"));
        if (!kind) {
            return make_problem(
                415, "Unsupported media type",
                "Send application/json, application/x-ndjson or a CloudEvents type.",
                request.request_id);
        }
        source = kind->source;
        if (const auto failed = split_events(request.body, kind->form, events_max_, events)) {
            return make_problem(failed->title == "Too many events" ? 413 : 400, failed->title,
                                failed->detail, request.request_id);
        }
        return {};
    }

    event_intake& intake_;
    std::size_t events_max_;
};

}  // namespace

void register_edge_routes(router& routes, event_intake& intake,
                          const config::ingest_settings& settings)
{
    const auto endpoint = std::make_shared<const collect_endpoint>(intake, settings);
    routes.add("POST", "/v1/events",
               [endpoint](const http_request& request) { return endpoint->serve(request); });
}

}  // namespace sluice::gateway
