#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <variant>

#include "actions/destination.hpp"
#include "config/time_text.hpp"
#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/commands/record_line.hpp"
#include "gateway/edge/event_json.hpp"
#include "gateway/lanes/parked_event.hpp"
#include "rules/explain.hpp"
#include "rules/steps/step_responses.hpp"

namespace sluice::gateway {

namespace {

struct explain_options {
    std::vector<std::string> config;
    std::string event_file;
    std::string id;
    std::string dataset;
    std::string datastream;
    std::string responses_file;
    bool as_json = false;
    bool is_sending = false;
    bool is_short = false;
};

/// The event to explain, with the bytes its views point into.
struct chosen_event {
    std::string json;
    std::string id;
    std::string type;
    std::string datastream;
    std::string source = "native";
    std::optional<std::string> key;
    wall_time received_at = system_clock().wall_now();
    std::uint32_t partition = 0;
    std::uint64_t offset = 0;
};

std::optional<std::string> read_all(const std::string& path)
{
    if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
    std::ifstream file(path);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::optional<chosen_event> event_of_file(const explain_options& o)
{
    auto text = read_all(o.event_file);
    if (!text) {
        fmt::print(stderr, "sluice: can't read {}\n", o.event_file);
        return std::nullopt;
    }
    while (!text->empty() && std::isspace(static_cast<unsigned char>(text->back())) != 0) {
        text->pop_back();
    }
    event_scanner scanner;
    text_arena decoded;
    const auto facts = scanner.scan(*text, {}, decoded);
    if (facts.defect != event_defect::none) {
        fmt::print(stderr, "sluice: {}: {} at byte {}: {}\n", o.event_file, title_of(facts.defect),
                   facts.position, facts.detail);
        return std::nullopt;
    }
    chosen_event e;
    e.id = facts.id;
    e.type = facts.type;
    e.datastream = o.datastream;
    e.json = std::move(*text);
    return e;
}

/// nullopt: this dataset has no such event. An answer that is none is an exit code, already told.
std::variant<std::optional<chosen_event>, int> event_of_id(const loaded_config& loaded,
                                                           const explain_options& o,
                                                           const std::string& dataset)
{
    const auto answer = run_anywhere(loaded, "GET", "/api/v1/datasets/" + dataset + "/records",
                                     {{"id", o.id}, {"limit", "1"}}, false);
    if (answer.has_error() || answer->status >= 400) return print_result(answer);
    const auto record = read_record_line(answer->body);
    if (!record) return std::nullopt;
    const auto& head = record->head;
    chosen_event e;
    e.id = head.value("id", "");
    e.type = head.value("type", "");
    e.datastream = head.value("datastream", "");
    e.source = head.value("source", "");
    if (const auto key = head.find("key"); key != head.end()) e.key = key->get<std::string>();
    if (const auto at = parse_time(head.value("received_at", ""))) e.received_at = *at;
    e.partition = head.value("partition", 0u);
    e.offset = head.value("offset", std::uint64_t{0});
    e.json = record->event;
    return e;
}

rules::event_input to_input(const chosen_event& e, const std::string& dataset)
{
    return {.json = e.json,
            .id = e.id,
            .type = e.type,
            .dataset = dataset,
            .datastream = e.datastream,
            .source = e.source,
            .key = e.key,
            .received_at = e.received_at,
            .partition = e.partition,
            .offset = e.offset,
            .request_json = {}};
}

actions::outgoing_request to_outgoing(const rules::rendered_request& r, std::string_view webhook_id)
{
    return {.method = r.method,
            .path = r.path,
            .headers = &r.headers,
            .body = r.body,
            .content_type = r.content_type,
            .webhook_id = webhook_id};
}

/// Destinations made once per command, for showing and, with --send, for sending.
class destinations {
public:
    explicit destinations(const config::settings& settings) : settings_(settings) {}

    actions::destination* find(const std::string& name)
    {
        auto& made = made_[name];
        const auto settings = settings_.destinations.find(name);
        if (!made && settings != settings_.destinations.end()) {
            auto d = actions::make_rest_destination(name, settings->second, context_.get_executor(),
                                                    system_clock(), thread_random());
            if (d.has_error()) fmt::print(stderr, "sluice: {}: {}\n", name, d.error().message);
            if (d.has_value()) made = std::move(*d);
        }
        return made.get();
    }

    actions::delivery_outcome send(actions::destination& to,
                                   const actions::outgoing_request& request)
    {
        context_.restart();
        auto done = boost::asio::co_spawn(context_, to.deliver(request), boost::asio::use_future);
        while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
            context_.run_one();
        }
        return done.get();
    }

private:
    const config::settings& settings_;
    boost::asio::io_context context_;
    std::map<std::string, std::unique_ptr<actions::destination>> made_;
};

/// The request line and the credentials of a described request; explain shows the rest itself.
rules::printed_request summary_of(const std::string& described)
{
    rules::printed_request summary{.line = described.substr(0, described.find('\n')),
                                   .secrets = {}};
    std::istringstream lines(described);
    for (std::string line; std::getline(lines, line) && !line.empty();) {
        if (line.find("***") != std::string::npos) summary.secrets.push_back(line);
    }
    return summary;
}

void send_all(const rules::explanation& explained, destinations& to)
{
    for (const auto& set : explained.sets) {
        for (const auto& rule : set.rules) {
            auto* target = rule.request ? to.find(rule.target) : nullptr;
            if (target == nullptr || rule.action != rules::rule_action::send) continue;
            const auto id = make_webhook_id(explained.event_id, rule.set + "/" + rule.name);
            const auto outcome = to.send(*target, to_outgoing(*rule.request, id));
            fmt::print("sent {}/{} to {}: {} ({}) {}\n", rule.set, rule.name, rule.target,
                       actions::to_text(outcome.next), outcome.reason, outcome.detail);
        }
    }
}

/// Sends a step for real and gives what came back to the next ones.
rules::step_answer send_step(destinations& to, const std::string& event_id, const std::string& rule,
                             const rules::rule_step& step, const rules::rendered_request& rendered)
{
    auto* target = to.find(step.target);
    if (target == nullptr) return {.reason = "unknown destination", .headers = {}, .text = {}};
    actions::received_answer answer;
    const actions::step_options options{.target = step.target,
                                        .timeout = step.timeout,
                                        .accept = step.accept,
                                        .response_bytes_max = step.response_bytes_max,
                                        .is_event_path = step.is_event_path,
                                        .answer = &answer};
    const auto id = make_webhook_id(event_id, rule + "/" + step.name);
    auto request = to_outgoing(rendered, id);
    request.step = &options;
    const auto outcome = to.send(*target, request);
    fmt::print("sent {}/{} to {}: {} ({}) {}\n", rule, step.name, step.target,
               actions::to_text(outcome.next), outcome.reason, outcome.detail);
    return {.status = answer.status,
            .reason = outcome.reason,
            .headers = std::move(answer.headers),
            .text = std::move(answer.body),
            .attempts = outcome.attempts,
            .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(outcome.elapsed)};
}

/// Where the answers of steps come from: the receivers, a file, or nowhere (then assumed).
std::optional<rules::step_responder> responder_of(const explain_options& o, destinations& to,
                                                  const std::string& event_id)
{
    if (o.is_sending) {
        return [&to, event_id](
                   const std::string& rule, const rules::rule_step& step,
                   const rules::rendered_request& rendered) -> std::optional<rules::step_answer> {
            return send_step(to, event_id, rule, step, rendered);
        };
    }
    if (o.responses_file.empty()) return rules::step_responder{};
    config::diagnostics problems;
    auto responses = rules::read_response_file(o.responses_file, problems);
    if (!responses) {
        fmt::print(stderr, "{}", problems.to_text());
        return std::nullopt;
    }
    return rules::respond_with(std::move(*responses));
}

std::vector<std::string> datasets_of(const explain_options& o, const loaded_config& loaded)
{
    if (!o.dataset.empty()) return {o.dataset};
    std::vector<std::string> found;
    for (const auto& [name, ignored] : loaded.settings.datasets) {
        if (loaded.catalog->program_for(name)) found.push_back(name);
    }
    return found;
}

int run_explain(const explain_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    if (o.event_file.empty() == o.id.empty()) {
        fmt::print(stderr, "sluice: give either --event FILE or --id of a stored event\n");
        return exit_usage;
    }
    destinations to(loaded->settings);
    const auto print = [&](const std::string& target, const rules::rendered_request& request) {
        auto* destination = to.find(target);
        if (destination == nullptr) {
            return rules::printed_request{request.method + " " + request.path, {}};
        }
        return summary_of(destination->describe(to_outgoing(request, "-")));
    };
    bool was_found = false;
    for (const auto& dataset : datasets_of(o, *loaded)) {
        std::optional<chosen_event> event;
        if (o.id.empty()) {
            event = event_of_file(o);
            if (!event) return exit_no;
        } else {
            auto answer = event_of_id(*loaded, o, dataset);
            if (const int* code = std::get_if<int>(&answer)) return *code;
            event = std::get<0>(std::move(answer));
        }
        if (!event) continue;
        was_found = true;
        const auto respond = responder_of(o, to, event->id);
        if (!respond) return exit_no;
        const auto explained =
            rules::explain_event(*loaded->catalog, to_input(*event, dataset), *respond);
        fmt::print("{}\n", o.as_json ? rules::to_json(explained)
                                     : rules::to_text(explained, print, !o.is_short));
        if (o.is_sending) send_all(explained, to);
    }
    if (!was_found) {
        fmt::print(stderr, "sluice: no stored event has the id '{}'\n", o.id);
        return exit_no;
    }
    return exit_done;
}

}  // namespace

void add_explain_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("explain", "Why an event goes where, rule by rule");
    command->footer(
        "For each rule: whether it matched, the first thing against it, every part of its "
        "condition\n"
        "(true, false or error, its cost, the values seen), the request it would send, secrets as "
        "***,\n"
        "what the mapping made field by field, and the fields left out and why. Rule sets for "
        "other\n"
        "event types are `not considered`. Sends nothing unless --send is given.\n"
        "  sluice explain sluice.yaml --event event.json --dataset web_events\n"
        "  sluice explain sluice.yaml --id ord-1001\n"
        "Steps get the answers of --responses, with --send those of their receivers; else 200 and "
        "{}\n"
        "is assumed.");
    auto o = std::make_shared<explain_options>();
    add_config_option(*command, o->config, true);
    command->add_option("--event", o->event_file, "File with the JSON event, - is stdin");
    command->add_option("--id", o->id, "Id of a stored event");
    command->add_option("--dataset", o->dataset, "Dataset (default: every one that rules read)");
    command->add_option("--datastream", o->datastream, "What meta.datastream shall be");
    command->add_option("--responses", o->responses_file,
                        "YAML or JSON file with the answers that steps get: RULE.STEP to\n"
                        "{status, headers, body} or {timeout: true}; others: 200 and {}");
    command->add_flag("--json", o->as_json, "JSON instead of text");
    command->add_flag("--short", o->is_short, "Without the list of fields below each body");
    command->add_flag("--send", o->is_sending, "Really send the requests, and say what came back");
    command->callback([&selected, o] { selected = [o] { return run_explain(*o); }; });
}

}  // namespace sluice::gateway
