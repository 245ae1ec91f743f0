#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/commands/operate/table.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

struct cursors_options {
    std::vector<std::string> config;
    std::string reader;
    query_parameters query;
    bool is_certain = false;
    bool as_json = false;
};

std::string cell(const json& from, const char* name)
{
    return std::to_string(from.at(name).get<std::uint64_t>());
}

int run_show(const cursors_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    const auto answer = run_anywhere(*loaded, "GET", "/api/v1/cursors", o.query, false);
    if (answer.has_error() || answer->status >= 400 || o.as_json) return print_result(answer);
    text_table table({"reader", "dataset", "part", "next", "end", "lag", "delivered", "filtered",
                      "dead", "retried", "expired", "note"});
    const auto body = json::parse(answer->body);
    for (const auto& c : body.at("cursors")) {
        std::string note;
        if (!c.value("configured", false)) note = "not configured";
        if (c.at("next") < c.at("begin")) note = "behind the oldest record kept";
        table.add({c.value("reader", ""), c.value("dataset", ""), cell(c, "partition"),
                   cell(c, "next"), cell(c, "end"), cell(c, "lag"), cell(c, "delivered"),
                   cell(c, "filtered"), cell(c, "dead"), cell(c, "retrying"), cell(c, "expired"),
                   note});
    }
    fmt::print("{}", table.text());
    return table.is_empty() ? exit_no : exit_done;
}

void print_moves(const json& answer)
{
    const bool is_dry_run = answer.value("dry_run", false);
    std::uint64_t repeats = 0, skips = 0;
    for (const auto& p : answer.at("partitions")) {
        const auto r = p.at("repeats").get<std::uint64_t>();
        const auto s = p.at("skips").get<std::uint64_t>();
        std::string effect = "stays";
        if (r > 0) effect = fmt::format("repeats {} events", with_commas(r));
        if (s > 0) effect = fmt::format("skips {} events", with_commas(s));
        if (p.at("from").is_null()) effect = "begins there";
        fmt::print("partition {}: {} -> {}, {}\n", cell(p, "partition"),
                   p.at("from").is_null() ? "-" : cell(p, "from"), cell(p, "to"), effect);
        repeats += r;
        skips += s;
    }
    if (skips > 0) {
        fmt::print("{} {}: never delivered, counted as expired.\n", with_commas(skips),
                   is_dry_run ? "would be skipped" : "were skipped");
    }
    if (repeats > 0) {
        fmt::print(
            "{} {} through the rules and, when they match, to the destination again, with "
            "the same webhook-id; counted as accepted once more.\n",
            with_commas(repeats), is_dry_run ? "would go" : "go");
    }
    if (is_dry_run) fmt::print("Nothing was changed; --yes does it.\n");
}

int run_set(const cursors_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    auto query = o.query;
    if (!o.is_certain) query["dry_run"] = "1";
    const auto answer =
        run_anywhere(*loaded, "POST", "/api/v1/cursors/" + o.reader, query, o.is_certain);
    if (answer.has_error() || answer->status >= 400 || o.as_json) return print_result(answer);
    print_moves(json::parse(answer->body));
    return exit_done;
}

void add_set(CLI::App& cursors, selected_command& selected)
{
    auto o = std::make_shared<cursors_options>();
    auto* set = cursors.add_subcommand("set", "Move a lane to another position");
    set->footer(
        "Only says what would be repeated or skipped; --yes does it. A running gateway stops that\n"
        "lane, moves it and starts it again; other lanes and ingest go on.\n"
        "The ledger still balances: what is skipped counts as expired, what is repeated counts as\n"
        "accepted once more. To send a range again without moving the lane, use `sluice replay`.\n"
        "Exports cannot be moved: each of their events is in exactly one file.\n"
        "  sluice cursors set crm -c sluice.yaml --dataset web_events --to end\n"
        "  sluice cursors set crm -c sluice.yaml --dataset web_events --to=-1000 --yes\n"
        "  sluice cursors set crm -c sluice.yaml --dataset web_events --to 2026-01-31T00:00:00Z");
    set->add_option("reader", o->reader, "Destination whose lane is moved")->required();
    add_config_option(*set, o->config, false);
    const auto text = [&](const char* option, const char* name, const char* help) {
        return set->add_option_function<std::string>(
            option, [o, name](const std::string& v) { o->query[name] = v; }, help);
    };
    text("--dataset", "dataset", "Dataset that it reads")->required();
    text("--partition", "partition", "Only this partition");
    text("--to", "to",
         "Offset, begin, end, a time (RFC 3339: first event received then), +N or =-N (relative)")
        ->required();
    auto* yes = set->add_flag("--yes", o->is_certain, "Do it");
    set->add_flag_callback(
           "--dry-run", [] {}, "Only say what would happen (the default)")
        ->excludes(yes);
    set->add_flag("--json", o->as_json, "JSON instead of sentences");
    set->callback([&selected, o] { selected = [o] { return run_set(*o); }; });
}

}  // namespace

void add_cursors_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("cursors", "Where lanes and exports stand; move a lane");
    command->require_subcommand(1);
    command->footer(
        "A cursor is the lowest offset of a partition that its reader has not finished. A running\n"
        "gateway stores them every 100 ms.");
    auto o = std::make_shared<cursors_options>();
    auto* show = command->add_subcommand("show", "One line per reader and partition");
    show->footer(
        "What became of the records a cursor has passed stands beside it; retried: moved to the\n"
        "retry log, where the lane reads them with a cursor of its own. Exit status 1: none.");
    add_config_option(*show, o->config, false);
    const auto text = [&](const char* option, const char* name, const char* help) {
        show->add_option_function<std::string>(
            option, [o, name](const std::string& v) { o->query[name] = v; }, help);
    };
    text("--dataset", "dataset", "Only of this dataset");
    text("--reader", "reader", "Only of this destination, or export/<name>");
    show->add_flag("--json", o->as_json, "JSON instead of a table");
    show->callback([&selected, o] { selected = [o] { return run_show(*o); }; });
    add_set(*command, selected);
}

}  // namespace sluice::gateway
