#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/load.hpp"
#include "config/time_text.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "rules/expression/ast.hpp"
#include "rules/expression/json_reader.hpp"
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
    std::vector<std::string> config;
};

/// Like `sluice check`: place, the line with a caret, hint.
void print_problem(std::string_view text, const rules::expression::problem& found)
{
    const auto place = rules::expression::place_of(text, found.position);
    std::size_t from = 0;
    for (auto line = place.line; line > 1; --line) from = text.find('\n', from) + 1;
    const auto end = std::min(text.find('\n', from), text.size());
    // A long line is cut around the place.
    constexpr std::size_t line_bytes_max = 120;
    auto line = text.substr(from, end - from);
    std::size_t caret = place.column - 1;
    if (line.size() > line_bytes_max && caret < line_bytes_max)
        line = line.substr(0, line_bytes_max);
    fmt::print(stderr, "{}:{}: {}: {}\n", place.line, place.column,
               found.warning ? "warning" : "error", found.message);
    if (line.size() <= line_bytes_max) {
        fmt::print(stderr, "{:>5} | {}\n      | {:{}}^\n", place.line, line, "", caret);
    }
    if (!found.hint.empty()) fmt::print(stderr, "  hint: {}\n", found.hint);
}

/// The line that evaluate_line() reads; nothing after complaining about the event.
std::optional<std::string> line_of(const eval_options& o)
{
    auto line = json{{"expr", o.expression}}.dump();
    if (o.event_file.empty()) return line;
    std::ifstream file(o.event_file);
    if (o.event_file != "-" && !file) {
        fmt::print(stderr, "sluice: can't read {}\n", o.event_file);
        return std::nullopt;
    }
    const std::string text((std::istreambuf_iterator<char>(o.event_file == "-" ? std::cin : file)),
                           std::istreambuf_iterator<char>());
    rules::event_arena arena;
    if (!rules::expression::read_json(text, arena)) {
        fmt::print(stderr, "sluice: {} is not valid JSON; --event takes one event\n", o.event_file);
        return std::nullopt;
    }
    // Spliced in as text, so that numbers keep their spelling.
    line.pop_back();
    return line + ",\"bindings\":{\"event\":" + text + "}}";
}

int eval_one(const eval_options& o, const rules::expression::eval_line_settings& settings)
{
    const auto line = line_of(o);
    if (!line) return exit_usage;
    std::vector<rules::expression::problem> told;
    const auto answer = rules::expression::evaluate_line(*line, settings, &told);
    for (auto& problem : told) {
        if (problem.message == "unknown variable 'event'" && o.event_file.empty()) {
            problem.hint = "give the event with --event FILE (- is stdin)";
        }
        print_problem(o.expression, problem);
    }
    fmt::print("{}\n", answer);
    return answer.starts_with("{\"error\"") ? exit_no : exit_done;
}

int run_eval(const eval_options& o)
{
    rules::expression::eval_line_settings settings;
    settings.seed = o.seed;
    settings.typed = o.is_typed;
    settings.now = system_clock().wall_now();
    if (!o.config.empty()) {
        config::diagnostics problems;
        const auto loaded = config::load(o.config, config::process_environment(), problems);
        std::fputs(problems.to_text().c_str(), stderr);
        if (problems.has_errors()) return exit_no;
        settings.bounds = limits_of(loaded.gateway.rule_limits);
    }
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
        "Prints {\"value\":…}, or {\"error\":…} and the place of the mistake with a caret and a "
        "hint.\n"
        "  sluice eval 'math.greatest(1, 2.5)'\n"
        "  sluice eval 'event.user.email.lowerAscii()' --event event.json\n"
        "  sluice eval 'time.now()' --now 2026-01-31T12:00:00Z\n"
        "  echo '{\"a\":1}' | sluice eval 'default(event.b, 0) + event.a' --event -\n"
        "A missing field is an error: default(event.b, 0) gives 0 instead. Functions are listed "
        "by\n"
        "`sluice schema functions`. uuid.v4() depends on --seed and the event's id only.\n"
        "--jsonl reads {\"expr\":…,\"bindings\":{…}} a line and answers {\"value\":…} or\n"
        "{\"error\":…}; with --typed values carry their type ({\"int64Value\":\"3\"}).\n"
        "Exit status: 0 a value, 1 an error, 2 bad usage. Limits are the defaults, or those of "
        "-c.");
    auto o = std::make_shared<eval_options>();
    command->add_option("expression", o->expression, "CEL expression");
    command->add_option("--event", o->event_file, "File with the JSON event, - is stdin");
    command->add_flag("--jsonl", o->is_jsonl, "One evaluation per line of stdin");
    command->add_flag("--typed", o->is_typed, "Values with their types, in and out");
    command->add_option("--now", o->now, "The time that now() tells (RFC 3339)");
    command->add_option("--seed", o->seed, "Seed of random ids");
    command->add_option("-c,--config", o->config,
                        "Configuration whose gateway.rule_limits hold (default: the defaults)");
    command->callback([&selected, o] { selected = [o] { return run_eval(*o); }; });
}

}  // namespace sluice::gateway
