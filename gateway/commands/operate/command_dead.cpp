#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/commands/operate/table.hpp"
#include "gateway/commands/record_line.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

/// What the operation lists unless told otherwise.
constexpr std::size_t letters_default = 100;

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
    for (const auto& [dataset, ignored] : loaded.settings.datasets) {
        const auto program = loaded.catalog->program_for(dataset);
        if (!program) continue;
        for (const auto& outcome : program->outcomes()) {
            if (outcome.action != rules::rule_action::steps) continue;
            if (std::ranges::find(all, outcome.target) == all.end()) all.push_back(outcome.target);
        }
    }
    return all;
}

template <class Each>
void for_each_line(std::string_view body, const Each& each)
{
    while (!body.empty()) {
        const auto line = body.substr(0, body.find('\n'));
        if (!line.empty()) each(line);
        body.remove_prefix(std::min(line.size() + 1, body.size()));
    }
}

void print_letters(const std::string& destination, std::string_view body, std::size_t limit)
{
    text_table table({"position", "failed at", "state", "reason", "rule", "event", "detail"});
    std::size_t count = 0;
    for_each_line(body, [&](std::string_view line) {
        const auto letter = read_record_line(line);
        if (!letter) return fmt::print("{}\n", line);  // newer than this binary: as it came
        const auto& l = letter->head;
        ++count;
        table.add({std::to_string(l.at("position").get<std::uint64_t>()), l.value("failed_at", ""),
                   l.value("state", ""), l.value("reason", ""),
                   l.at("rules").empty() ? "-" : l.at("rules")[0].get<std::string>(),
                   l.value("id", ""), l.value("detail", "")});
    });
    fmt::print("{}: {} dead letters\n", destination, count);
    if (count > 0) fmt::print("{}", table.text());
    if (count == limit) fmt::print("There may be more: --limit shows them.\n");
}

void print_whole(std::string_view body)
{
    for_each_line(body, [](std::string_view line) {
        auto letter = read_record_line(line);
        if (!letter) return fmt::print("{}\n", line);  // newer than this binary: as it came
        if (const auto results = letter->head.find("results"); results != letter->head.end()) {
            for (auto& result : *results) {
                result = json::parse(result.get<std::string>(), nullptr, false);
            }
        }
        auto head = letter->head.dump(2);
        head.erase(head.size() - 2);  // the line end and the brace
        fmt::print("{},\n  \"event\": {}\n}}\n", head, letter->event);
    });
}

int print_change(const std::string& destination, const std::string& verb, const json& answer)
{
    if (answer.contains("would")) {
        fmt::print("{}: {} dead letters would be handled; nothing was changed\n", destination,
                   answer.at("would").get<std::uint64_t>());
    } else {
        fmt::print("{}: {} dead letters {}\n", destination, answer.value(verb, std::uint64_t{0}),
                   verb == "redrive" ? "redriven" : "dropped");
    }
    return exit_done;
}

int run_dead(const dead_options& o, const std::string& verb)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    auto query = o.filter;
    if (!o.position.empty()) query["position"] = o.position;
    if (o.is_dry_run) query["dry_run"] = "1";
    const bool changes = verb == "redrive" || verb == "drop";
    if (!changes) query["format"] = "ndjson";
    operations_client client(*loaded, changes && !o.is_dry_run);
    for (const auto& destination : destinations_of(o, *loaded)) {
        const auto path = "/api/v1/dead/" + destination + (changes ? "/" + verb : "");
        const auto answer = client.run(changes ? "POST" : "GET", path, query);
        // a lane that never ran has no dead letters; only who asked for it by name wants to know
        if (o.destination.empty() && answer && answer->status == 404) continue;
        if (answer.has_error() || answer->status >= 400) return print_result(answer);
        if (changes && o.as_json) {
            auto body = json::parse(answer->body);
            body["destination"] = destination;
            fmt::print("{}\n", body.dump());
        } else if (changes) {
            print_change(destination, verb, json::parse(answer->body));
        } else if (o.as_json) {
            fmt::print("{}", answer->body);
        } else if (verb == "show") {
            print_whole(answer->body);
        } else {
            const auto limit = query.find("limit");
            print_letters(destination, answer->body,
                          limit == query.end() ? letters_default
                                               : std::strtoull(limit->second.c_str(), nullptr, 10));
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
        command->add_option("destination", o->destination,
                            "Destination, or steps.SET.RULE of a rule with steps (default: all)");
        add_filters(*command, *o);
        const std::string name = verb;
        command->add_flag("--json", o->as_json,
                          name == "list" ? "NDJSON instead of a table" : "NDJSON");
        if (name == "list" || name == "show") {
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
