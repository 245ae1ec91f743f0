#include "gateway/admin/status_json.hpp"

#include <nlohmann/json.hpp>

#include "config/time_text.hpp"
#include "datasets/open_log.hpp"

namespace sluice::gateway {

using nlohmann::json;

namespace {

std::string_view to_text(actions::breaker_state s)
{
    switch (s) {
        case actions::breaker_state::closed:
            return "closed";
        case actions::breaker_state::open:
            return "open";
        case actions::breaker_state::half_open:
            return "half_open";
    }
    return "unknown";
}

std::string_view to_text(datasets::log_health h)
{
    switch (h) {
        case datasets::log_health::ok:
            return "ok";
        case datasets::log_health::refusing:
            return "refusing";
        case datasets::log_health::reopening:
            return "reopening";
        case datasets::log_health::closed:
            return "closed";
    }
    return "unknown";
}

json to_json(const lane_snapshot& lane)
{
    json sources = json::array();
    std::uint64_t lag = 0;
    for (const auto& s : lane.sources) {
        if (!s.is_retry) lag += s.lag();
        sources.push_back({{"dataset", s.at.dataset.value()},
                           {"partition", s.at.partition.value()},
                           {"next", s.cursor.next.value()},
                           {"end", s.extent.end.value()},
                           {"lag", s.lag()}});
    }
    const auto& l = lane.ledger;
    json out{{"name", lane.name},
            {"enabled", lane.is_enabled},
            {"state", to_text(lane.state)},
            {"reason", lane.reason},
            {"breaker", to_text(lane.breaker)},
            {"lag", lag},
            {"in_flight", lane.in_flight},
            {"in_flight_max", lane.in_flight_max},
            {"retrying", lane.retrying},
            {"accepted", l.accepted},
            {"delivered", l.delivered},
            {"filtered", l.filtered},
            {"dead", l.dead},
            {"expired", l.expired},
            {"pending", l.pending},
            {"attempts", lane.requests.attempts},
            {"sources", std::move(sources)}};
    for (const auto& [step, counts] : lane.stats.steps) {
        out["steps"][step] = {
            {"sent", counts.sent}, {"skipped", counts.skipped}, {"failed", counts.failed}};
    }
    return out;
}

}  // namespace

std::string status_json(const gateway_snapshot& s)
{
    json lanes = json::array(), exports = json::array(), data = json::array();
    for (const auto& lane : s.lanes) lanes.push_back(to_json(lane));
    for (const auto& d : s.datasets) {
        data.push_back({{"name", d.at.dataset.value()},
                        {"partition", d.at.partition.value()},
                        {"begin", d.extent.begin.value()},
                        {"end", d.extent.end.value()},
                        {"bytes", d.extent.bytes},
                        {"lost", d.extent.lost},
                        {"owned", d.is_owned}});
    }
    for (const auto& e : s.exports) {
        exports.push_back({{"name", e.name},
                           {"runs_succeeded", e.runs_succeeded},
                           {"runs_failed", e.runs_failed},
                           {"rows", e.rows},
                           {"files", e.files},
                           {"bytes", e.bytes}});
    }
    json refused = json::object(), trimmed = json::array();
    for (const auto& [reason, events] : s.log_counts.refused) refused[reason] = events;
    for (const auto& [what, records] : s.log_counts.trimmed) {
        trimmed.push_back(
            {{"dataset", what.first.value()}, {"reason", what.second}, {"records", records}});
    }
    json figures = json::object();
    for (const auto& figure : s.log_figures) figures[std::string(figure.name)] = figure.value;
    json libraries = json::object();
    for (const auto& [name, version] : datasets::engine_libraries()) libraries[name] = version;
    json edge = json::object();
    for (const auto& [name, value] : s.edge) edge[std::string(name)] = value;
    json rule_list = json::object();
    for (const auto& [name, c] : s.rules) {
        rule_list[name] = {{"matched", c.matched},         {"no_match", c.no_match},
                           {"absent", c.absent},           {"error", c.error},
                           {"sampled_out", c.sampled_out}, {"dropped", c.dropped}};
    }
    const json all{{"version", SLUICE_VERSION},
                   {"libraries", std::move(libraries)},
                   {"taken_at", format_time(s.taken_at)},
                   {"started_at", format_time(s.started_at)},
                   {"log",
                    {{"health", to_text(s.log.health)},
                     {"reason", s.log.reason},
                     {"refused", std::move(refused)},
                     {"trimmed", std::move(trimmed)},
                     {"figures", std::move(figures)}}},
                   {"edge", std::move(edge)},
                   {"datasets", std::move(data)},
                   {"lanes", std::move(lanes)},
                   {"rules", std::move(rule_list)},
                   {"exports", std::move(exports)},
                   {"rules_hash", s.rules_hash},
                   {"resident_bytes", s.resident_bytes}};
    return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace sluice::gateway
