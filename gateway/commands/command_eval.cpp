#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/time_text.hpp"
#include "gateway/commands/commands.hpp"
#include "rules/expression/typed_json.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

struct eval_options {
    std::string expression;
    std::string event_file;
    std::string now;
    std::uint64_t seed = 0;
    bool is_jsonl = false;
    bool is_typed = false;
};

int eval_one(const eval_options& o, const rules::expression::eval_line_settings& settings)
{
    json line{{"expr", o.expression}};
    if (!o.event_file.empty()) {
        std::ifstream file(o.event_file);
        const std::string text(
            (std::istreambuf_iterator<char>(o.event_file == "-" ? std::cin : file)),
            std::istreambuf_iterator<char>());
        // spliced in as text, so that numbers keep their spelling
        auto head = line.dump();
        head.pop_back();
        const auto answer = rules::expression::evaluate_line(
            head + ",\"bindings\":{\"event\":" + text + "}}", settings);
        fmt::print("{}\n", answer);
        return answer.starts_with("{\"error\"") ? exit_no : exit_done;
    }
    const auto answer = rules::expression::evaluate_line(line.dump(), settings);
    fmt::print("{}\n", answer);
    return answer.starts_with("{\"error\"") ? exit_no : exit_done;
}

int run_eval(const eval_options& o)
{
    rules::expression::eval_line_settings settings;
    settings.seed = o.seed;
    settings.typed = o.is_typed;
    settings.now = system_clock().wall_now();
    if (!o.now.empty()) {
        const auto now = parse_time(o.now);
        if (!now) {
            fmt::print(stderr, "sluice: --now wants a time such as 2026-01-31T12:00:00Z\n");
            return exit_usage;
        }
        settings.now = *now;
    }
    if (!o.is_jsonl) {
        if (o.expression.empty()) {
            fmt::print(stderr, "sluice: give an expression, or --jsonl to read them from stdin\n");
            return exit_usage;
        }
        return eval_one(o, settings);
    }
    std::string line;
    while (std::getline(std::cin, line)) {
        if (line.empty()) continue;
        fmt::print("{}\n", rules::expression::evaluate_line(line, settings));
        std::fflush(stdout);
    }
    return exit_done;
}

}  // namespace

void add_eval_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("eval", "Evaluate one expression, or one per line");
    command->footer(
        "  sluice eval 'math.greatest(1, 2.5)'\n"
        "  sluice eval 'event.user.email.lowerAscii()' --event event.json\n"
        "--jsonl reads {\"expr\":…,\"bindings\":{…}} a line and answers {\"value\":…} or\n"
        "{\"error\":…}; with --typed values carry their type ({\"int64Value\":\"3\"}).");
    auto o = std::make_shared<eval_options>();
    command->add_option("expression", o->expression, "CEL expression");
    command->add_option("--event", o->event_file, "File with the JSON event, - is stdin");
    command->add_flag("--jsonl", o->is_jsonl, "One evaluation per line of stdin");
    command->add_flag("--typed", o->is_typed, "Values with their types, in and out");
    command->add_option("--now", o->now, "The time that now() tells (RFC 3339)");
    command->add_option("--seed", o->seed, "Seed of random ids");
    command->callback([&selected, o] { selected = [o] { return run_eval(*o); }; });
}

}  // namespace sluice::gateway
