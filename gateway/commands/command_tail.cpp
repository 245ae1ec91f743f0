#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"

namespace sluice::gateway {

namespace {

using namespace std::chrono_literals;

struct tail_options {
    std::vector<std::string> config;
    std::string dataset;
    query_parameters query;
    bool is_following = false;
};

/// Prints what came after the last look, per partition, until interrupted.
int follow(const loaded_config& loaded, const tail_options& o)
{
    std::map<std::uint64_t, std::uint64_t> next;
    const auto path = "/api/v1/datasets/" + o.dataset + "/records";
    const auto& dataset = loaded.settings.datasets.find(o.dataset);
    const std::uint64_t partitions =
        dataset == loaded.settings.datasets.end() ? 1 : dataset->second.partitions;
    while (true) {
        for (std::uint64_t p = 0; p < partitions; ++p) {
            auto query = o.query;
            query["partition"] = std::to_string(p);
            if (const auto from = next.find(p); from != next.end()) {
                query.erase("last");
                query.erase("since");
                query["from"] = std::to_string(from->second);
            }
            const auto answer = run_anywhere(loaded, "GET", path, query, false);
            if (answer.has_error() || answer->status >= 400) return print_result(answer);
            std::string_view rest = answer->body;
            while (!rest.empty()) {
                const auto line = rest.substr(0, rest.find('\n'));
                const auto record = nlohmann::json::parse(line, nullptr, false);
                if (record.is_object()) next[p] = record.value("offset", std::uint64_t{0}) + 1;
                rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            }
            fmt::print("{}", answer->body);
        }
        std::fflush(stdout);
        std::this_thread::sleep_for(200ms);
    }
}

int run_tail(const tail_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    if (o.is_following) return follow(*loaded, o);
    const auto answer =
        run_anywhere(*loaded, "GET", "/api/v1/datasets/" + o.dataset + "/records", o.query, false);
    if (answer.has_value() && answer->body.empty()) return exit_done;
    return print_result(answer);
}

}  // namespace

void add_tail_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("tail", "Records of a dataset as NDJSON");
    command->footer(
        "Each line has partition, offset, id, type, receive time and the event byte for byte.\n"
        "Retries and dead letters are datasets too: _retry.<destination>, _dead.<destination>.\n"
        "  sluice tail web_events -c sluice.yaml --last 10\n"
        "  sluice tail web_events -c sluice.yaml -f --where 'event.order.total > 100'");
    auto o = std::make_shared<tail_options>();
    command->add_option("dataset", o->dataset, "Name of the dataset")->required();
    add_config_option(*command, o->config, false);
    const auto text = [&](const char* option, const char* name, const char* help) {
        command->add_option_function<std::string>(
            option, [o, name](const std::string& v) { o->query[name] = v; }, help);
    };
    text("--from", "from", "First offset (default: the oldest)");
    text("--last", "last", "Only the last so many of each partition");
    text("--since", "since", "Received at or after this time (RFC 3339)");
    text("--partition", "partition", "Only this partition");
    text("--id", "id", "Only the event with this id");
    text("--where", "where", "Only events for which this CEL condition over `event` holds");
    text("--limit", "limit", "At most so many records (1000)");
    command->add_flag("-f,--follow", o->is_following, "Keep printing what arrives");
    command->callback([&selected, o] { selected = [o] { return run_tail(*o); }; });
}

void add_replay_command(CLI::App& app, selected_command& selected)
{
    auto* command =
        app.add_subcommand("replay", "Send a range of a dataset to a destination again");
    command->footer(
        "Today's rules decide which events of the range the destination gets. Replayed requests\n"
        "carry the same webhook-id as the first time, so a receiver can tell.\n"
        "  sluice replay web_events crm -c sluice.yaml --since 2026-01-31T00:00:00Z --dry-run");
    auto o = std::make_shared<tail_options>();
    command->add_option("dataset", o->dataset, "Name of the dataset")->required();
    command
        ->add_option_function<std::string>(
            "destination", [o](const std::string& v) { o->query["destination"] = v; },
            "Destination that gets the events")
        ->required();
    add_config_option(*command, o->config, false);
    const auto text = [&](const char* option, const char* name, const char* help) {
        command->add_option_function<std::string>(
            option, [o, name](const std::string& v) { o->query[name] = v; }, help);
    };
    text("--from", "from", "First offset (default: the oldest)");
    text("--to", "to", "One past the last offset");
    text("--since", "since", "Received at or after this time (RFC 3339)");
    text("--until", "until", "Received before this time");
    command->add_flag_callback(
        "--dry-run", [o] { o->query["dry_run"] = "1"; }, "Only say how many it would be");
    command->callback([&selected, o] {
        selected = [o]() -> int {
            const auto loaded = load_or_complain(o->config);
            if (!loaded) return exit_no;
            return print_result(run_anywhere(*loaded, "POST", "/api/v1/replay/" + o->dataset,
                                             o->query, !o->query.contains("dry_run")));
        };
    });
}

}  // namespace sluice::gateway
