#include "gateway/admin/metrics_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/admin/metric_names.hpp"

namespace sluice::gateway {

namespace {

using labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Collects samples per metric, since the format wants all samples of a metric together.
class page {
public:
    void add(std::string_view name, labels with, double value)
    {
        auto& text = samples_[name];
        text += name;
        append_labels(text, with);
        fmt::format_to(std::back_inserter(text), " {}\n", value);
    }
    void add(std::string_view name, labels with, std::uint64_t value)
    {
        auto& text = samples_[name];
        text += name;
        append_labels(text, with);
        fmt::format_to(std::back_inserter(text), " {}\n", value);
    }
    void add_latency(std::string_view lane, const lane_stats& stats)
    {
        auto& text = samples_[metric::lane_latency];
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < stats.latency.size(); ++i) {
            sum += stats.latency[i];
            const bool is_last = i + 1 == stats.latency.size();
            const auto bound = is_last ? std::string("+Inf")
                                       : fmt::format("{}", 0.001 * static_cast<double>(1ull << i));
            text += metric::lane_latency;
            text += "_bucket";
            append_labels(text, {{"destination", lane}, {"le", bound}});
            fmt::format_to(std::back_inserter(text), " {}\n", sum);
        }
        fmt::format_to(std::back_inserter(text), "{}_sum{{destination=\"{}\"}} {}\n",
                       metric::lane_latency, lane, static_cast<double>(stats.latency_us_sum) / 1e6);
        fmt::format_to(std::back_inserter(text), "{}_count{{destination=\"{}\"}} {}\n",
                       metric::lane_latency, lane, sum);
    }
    [[nodiscard]] std::string text() const
    {
        std::string out;
        for (const auto& d : metric::declarations) {
            const auto found = samples_.find(d.name);
            if (found == samples_.end()) continue;
            fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n{}", d.name,
                           d.help, d.name, d.kind, found->second);
        }
        return out;
    }

private:
    static void append_labels(std::string& text, labels with)
    {
        if (with.size() == 0) return;
        char before = '{';
        for (const auto& [name, value] : with) {
            text += before;
            text += name;
            text += "=\"";
            for (const char c : value) {
                if (c == '\n') {
                    text += "\\n";
                    continue;
                }
                if (c == '"' || c == '\\') text += '\\';
                text += c;
            }
            text += '"';
            before = ',';
        }
        text += '}';
    }

    std::map<std::string_view, std::string> samples_;
};

void add_lane(page& out, const lane_snapshot& lane)
{
    const labels who{{"destination", lane.name}};
    const bool runs = lane.is_enabled && lane.state == lane_state::running;
    out.add(metric::lane_state, who, std::uint64_t{runs});
    std::uint64_t lag = 0;
    for (const auto& s : lane.sources) lag += s.is_retry ? 0 : s.lag();
    out.add(metric::lane_lag, who, lag);
    out.add(metric::lane_in_flight, who, lane.in_flight);
    out.add(metric::lane_retrying, who, lane.retrying);
    out.add(metric::lane_accepted, who, lane.ledger.accepted);
    out.add(metric::lane_delivered, who, lane.ledger.delivered);
    out.add(metric::lane_filtered, who, lane.ledger.filtered);
    out.add(metric::lane_dead, who, lane.ledger.dead);
    out.add(metric::lane_expired, who, lane.ledger.expired);
    out.add(metric::lane_pending, who, lane.ledger.pending);
    out.add(metric::lane_commits, who, lane.stats.commits);
    out.add_latency(lane.name, lane.stats);
    for (const auto& [step, counts] : lane.stats.steps) {
        const std::pair<std::string_view, std::uint64_t> results[] = {
            {"sent", counts.sent}, {"skipped", counts.skipped}, {"failed", counts.failed}};
        for (const auto& [name, count] : results) {
            out.add(metric::lane_steps,
                    {{"destination", lane.name}, {"step", step}, {"result", name}}, count);
        }
    }
    const auto& r = lane.requests;
    out.add(metric::delivery_attempts, who, r.attempts);
    const std::pair<std::string_view, std::uint64_t> outcomes[] = {{"delivered", r.delivered},
                                                                   {"retry", r.retried},
                                                                   {"throttle", r.throttled},
                                                                   {"setup", r.setup_errors},
                                                                   {"reject", r.rejected}};
    for (const auto& [name, count] : outcomes) {
        out.add(metric::delivery_outcomes, {{"destination", lane.name}, {"outcome", name}}, count);
    }
    out.add(metric::delivery_breaker, who,
            std::uint64_t{lane.breaker != actions::breaker_state::closed});
    out.add(metric::delivery_connections, who, r.connections_open);
}

void add_rule(page& out, const std::string& name, const rules::rule_counts& c)
{
    const std::pair<std::string_view, std::uint64_t> results[] = {
        {"matched", c.matched}, {"no_match", c.no_match},       {"absent", c.absent},
        {"error", c.error},     {"sampled_out", c.sampled_out}, {"dropped", c.dropped}};
    for (const auto& [result_name, count] : results) {
        out.add(metric::rule_events, {{"rule", name}, {"result", result_name}}, count);
    }
}

}  // namespace

std::string metrics_text(const gateway_snapshot& s)
{
    page out;
    for (const auto& [name, value] : s.edge) out.add(name, {}, value);
    for (const auto& d : s.datasets) {
        const auto partition = std::to_string(d.at.partition.value());
        const labels who{{"dataset", d.at.dataset.value()}, {"partition", partition}};
        out.add(metric::dataset_records, who, d.extent.end - d.extent.begin);
        out.add(metric::dataset_end, who, d.extent.end.value());
        out.add(metric::dataset_bytes, who, d.extent.bytes);
        out.add(metric::dataset_lost, who, d.extent.lost);
        out.add(metric::dataset_owned, who, std::uint64_t{d.is_owned});
    }
    out.add(metric::log_healthy, {}, std::uint64_t{s.log.health == datasets::log_health::ok});
    for (const auto& [reason, events] : s.log_counts.refused) {
        out.add(metric::log_refused, {{"reason", reason}}, events);
    }
    for (const auto& [what, records] : s.log_counts.trimmed) {
        out.add(metric::log_trimmed, {{"dataset", what.first.value()}, {"reason", what.second}},
                records);
    }
    for (const auto& figure : s.log_figures) {
        const auto family = figure.is_gauge ? metric::log_gauges : metric::log_counts;
        out.add(family, {{"what", figure.name}}, figure.value);
    }
    for (const auto& lane : s.lanes) add_lane(out, lane);
    for (const auto& [name, counts] : s.rules) add_rule(out, name, counts);
    for (const auto& e : s.exports) {
        out.add(metric::export_runs, {{"export", e.name}, {"result", "succeeded"}},
                e.runs_succeeded);
        out.add(metric::export_runs, {{"export", e.name}, {"result", "failed"}}, e.runs_failed);
        out.add(metric::export_rows, {{"export", e.name}}, e.rows);
        out.add(metric::export_bytes, {{"export", e.name}}, e.bytes);
        out.add(metric::export_last, {{"export", e.name}},
                static_cast<double>(e.last_success_unix_ms) / 1000);
    }
    out.add(metric::cache_bytes, {}, s.batch_cache_bytes);
    out.add(metric::cache_hits, {}, s.batch_cache_hits);
    out.add(metric::cache_misses, {}, s.batch_cache_misses);
    out.add(metric::resident, {}, s.resident_bytes);
    out.add(metric::cpu, {}, static_cast<double>(s.cpu_us) / 1e6);
    out.add(metric::build_info, {{"version", SLUICE_VERSION}, {"rules", s.rules_hash}},
            std::uint64_t{1});
    return out.text();
}

}  // namespace sluice::gateway
