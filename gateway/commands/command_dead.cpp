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

struct dead_options {
    std::vector<std::string> config;
    std::string destination;
    query_parameters filter;
    std::string position;
    bool is_dry_run = false;
    bool as_json = false;
};

void add_filters(CLI::App& command, dead_options& o)
{
    const auto text = [&](const char* option, const char* name, const char* help) {
        command.add_option_function<std::string>(
            option, [&o, name](const std::string& v) { o.filter[name] = v; }, help);
    };
    text("--reason", "reason", "Only this reason (mapping, condition, http_400, …)");
    text("--rule", "rule", "Only this rule, as set/rule");
    text("--id", "id", "Only the event with this id");
    text("--since", "since", "Failed at or after this time (RFC 3339)");
    text("--until", "until", "Failed before this time");
    text("--where", "where", "Only events for which this CEL condition over `event` holds");
    text("--limit", "limit", "At most so many (list: 100; redrive and drop: all)");
    command.add_option("--position", o.position, "Only the dead letter at this position");
}

/// Without a destination: all of the configuration.
std::vector<std::string> destinations_of(const dead_options& o, const loaded_config& loaded)
{
    if (!o.destination.empty()) return {o.destination};
    std::vector<std::string> all;
    for (const auto& [name, ignored] : loaded.settings.destinations) all.push_back(name);
    return all;
}

void print_letters(const json& answer)
{
    for (const auto& l : answer.at("letters")) {
        fmt::print("{:>8}  {}  {:<10} {:<24} {}  {}\n", l.at("position").get<std::uint64_t>(),
                   l.at("failed_at").get<std::string>(), l.at("reason").get<std::string>(),
                   l.at("rules").empty() ? "-" : l.at("rules")[0].get<std::string>(),
                   l.at("id").get<std::string>(), l.at("detail").get<std::string>());
    }
}

int run_dead(const dead_options& o, const std::string& verb)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    auto query = o.filter;
    if (!o.position.empty()) query["position"] = o.position;
    if (o.is_dry_run) query["dry_run"] = "1";
    const bool changes = verb == "redrive" || verb == "drop";
    for (const auto& destination : destinations_of(o, *loaded)) {
        const auto path = "/api/v1/dead/" + destination + (changes ? "/" + verb : "");
        const auto answer =
            run_anywhere(*loaded, changes ? "POST" : "GET", path, query, changes && !o.is_dry_run);
        if (answer.has_error() || answer->status >= 400) return print_result(answer);
        const auto body = json::parse(answer->body);
        if (changes) {
            fmt::print("{}: {}\n", destination, answer->body);
        } else if (o.as_json || verb == "show") {
            for (const auto& letter : body.at("letters")) {
                fmt::print("{}\n", letter.dump(verb == "show" ? 2 : -1));
            }
        } else {
            fmt::print("{}: {} dead letters\n", destination, body.at("letters").size());
            print_letters(body);
        }
    }
    return exit_done;
}

}  // namespace

void add_dead_command(CLI::App& app, selected_command& selected)
{
    auto* dead = app.add_subcommand("dead", "Dead letters: list, show, redrive, drop");
    dead->require_subcommand(1);
    dead->footer(
        "An event becomes a dead letter when its destination rejects it, when the schedule of\n"
        "retries is used up, or when a rule can't build the request. Nothing is deleted: correct\n"
        "the rule or the receiver, then redrive. Works beside a running gateway and without one.");
    const std::pair<const char*, const char*> verbs[] = {
        {"list", "One line per dead letter, oldest first"},
        {"show", "Everything about the chosen dead letters, as JSON"},
        {"redrive", "Send them again, due at once, with the same webhook-id"},
        {"drop", "Mark them as dealt with"}};
    for (const auto& [verb, help] : verbs) {
        auto o = std::make_shared<dead_options>();
        auto* command = dead->add_subcommand(verb, help);
        add_config_option(*command, o->config, false);
        command->add_option("destination", o->destination, "Destination (default: all)");
        add_filters(*command, *o);
        const std::string name = verb;
        if (name == "list") {
            command->add_flag("--json", o->as_json, "NDJSON instead of a table");
            command->add_flag_callback(
                "--all", [o] { o->filter["all"] = "1"; }, "Also those already redriven or dropped");
        }
        if (name == "redrive" || name == "drop") {
            command->add_flag("--dry-run", o->is_dry_run, "Only say how many it would be");
        }
        command->callback(
            [&selected, o, name] { selected = [o, name] { return run_dead(*o, name); }; });
    }
}

}  // namespace sluice::gateway
