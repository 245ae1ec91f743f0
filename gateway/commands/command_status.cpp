#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

struct status_options {
    std::vector<std::string> config;
    bool as_json = false;
};

std::uint64_t number(const json& from, const char* name)
{
    return from.value(name, std::uint64_t{0});
}

void print_refused(const json& log)
{
    const auto refused = log.value("refused", json::object());
    if (refused.empty()) return;
    std::string text;
    for (const auto& [reason, events] : refused.items()) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, events.dump());
    }
    fmt::print("events refused since the start, by reason: {}\n\n", text);
}

/// Only while something is in it, or ever was.
void print_spool(const json& log)
{
    const auto figures = log.value("figures", json::object());
    if (number(figures, "spool_events") + number(figures, "spool_taken") == 0) return;
    fmt::print(
        "spool: {} events ({} bytes) wait, the oldest for {} s; {} forwarded, {} a second now",
        number(figures, "spool_events"), number(figures, "spool_bytes"),
        number(figures, "spool_oldest_seconds"), number(figures, "spool_forwarded"),
        number(figures, "spool_forwarded_per_second"));
    for (const auto* trouble : {"spool_refused", "spool_lost"}) {
        const std::string_view name = std::string_view(trouble).substr(6);
        if (number(figures, trouble) != 0) fmt::print("; {} {}", number(figures, trouble), name);
    }
    fmt::print("\n\n");
}

/// " (RocksDB 7.8.3, librdkafka 2.0.2)"
std::string libraries_text(const json& s)
{
    std::string text;
    const auto libraries = s.value("libraries", json::object());
    for (const auto& [name, version] : libraries.items()) {
        text += text.empty() ? " (" : ", ";
        text += name + " " + version.get<std::string>();
    }
    return text.empty() ? text : text + ")";
}

void print_status(const json& s)
{
    const auto& log = s.at("log");
    fmt::print("sluice {}{} since {}\nlog {}{}{}\n\n", s.value("version", ""), libraries_text(s),
               s.value("started_at", ""), log.value("health", ""),
               log.value("reason", "").empty() ? "" : ": ", log.value("reason", ""));
    if (log.value("health", "") != "ok") {
        fmt::print("begin, end and bytes are the last that are known, until the log answers\n\n");
    }
    print_refused(log);
    print_spool(log);
    fmt::print("{:<24} {:>4} {:>12} {:>12} {:>14}\n", "dataset", "part", "begin", "end", "bytes");
    for (const auto& d : s.at("datasets")) {
        // the lanes' own datasets only matter once something is in them
        if (d.value("name", "").starts_with('_') && number(d, "end") == 0) continue;
        fmt::print("{:<24} {:>4} {:>12} {:>12} {:>14}{}{}\n", d.value("name", ""),
                   number(d, "partition"), number(d, "begin"), number(d, "end"), number(d, "bytes"),
                   d.value("owned", true) ? "" : "  delivered by another gateway",
                   number(d, "lost") != 0 ? fmt::format("  {} LOST", number(d, "lost")) : "");
    }
    fmt::print("\n{:<20} {:<9} {:>10} {:>10} {:>10} {:>8} {:>8} {:>8}  {}\n", "destination",
               "state", "accepted", "delivered", "filtered", "dead", "pending", "retrying", "why");
    for (const auto& l : s.at("lanes")) {
        const auto state = l.value("enabled", true) ? l.value("state", "") : "off";
        auto why = l.value("reason", "");
        if (why.empty() && l.value("breaker", "closed") != "closed") why = "circuit breaker open";
        fmt::print("{:<20} {:<9} {:>10} {:>10} {:>10} {:>8} {:>8} {:>8}  {}\n", l.value("name", ""),
                   state, number(l, "accepted"), number(l, "delivered"), number(l, "filtered"),
                   number(l, "dead"), number(l, "pending"), number(l, "retrying"), why);
    }
    if (!s.at("exports").empty()) {
        fmt::print("\n{:<24} {:>6} {:>6} {:>12} {:>8}\n", "export", "runs", "failed", "rows",
                   "files");
    }
    for (const auto& e : s.at("exports")) {
        fmt::print("{:<24} {:>6} {:>6} {:>12} {:>8}\n", e.value("name", ""),
                   number(e, "runs_succeeded"), number(e, "runs_failed"), number(e, "rows"),
                   number(e, "files"));
    }
}

}  // namespace

void add_status_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("status", "Ask a running gateway: lanes, lag, errors");
    command->footer(
        "For every lane accepted = delivered + filtered + dead + expired + pending, at any "
        "instant.\n"
        "Exit status 3 when no gateway answers at the admin address of the configuration.");
    auto o = std::make_shared<status_options>();
    add_config_option(*command, o->config, false);
    command->add_flag("--json", o->as_json, "JSON instead of tables");
    command->callback([&selected, o] {
        selected = [o]() -> int {
            const auto loaded = load_or_complain(o->config);
            if (!loaded) return exit_no;
            const auto answer = call_admin(loaded->settings.gateway.admin, "GET", "/api/v1/status");
            if (answer.has_error()) {
                print_result(answer);
                fmt::print(stderr,
                           "If it does not run: `sluice datasets list`, `sluice cursors show` and "
                           "`sluice dead list` read its data folder.\n");
                return exit_unreachable;
            }
            if (answer.has_error() || answer->status >= 400 || o->as_json) {
                return print_result(answer);
            }
            print_status(json::parse(answer->body));
            return exit_done;
        };
    });
}

}  // namespace sluice::gateway
