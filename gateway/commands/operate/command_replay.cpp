#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/commands/operate/table.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

constexpr std::uint64_t events_per_call = 2'000;

struct replay_options {
    std::vector<std::string> config;
    std::string dataset;
    query_parameters query;
    double rate = 0;  ///< events a second; 0: as fast as they can be written
    bool is_dry_run = false;
    bool as_json = false;
};

/// Asks for a few events at a time: progress can be shown, a rate kept, and Ctrl-C stops at a point
/// that can be named.
class replay_loop {
public:
    replay_loop(const loaded_config& loaded, const replay_options& o)
        : options_(o),
          client_(loaded, !o.is_dry_run),
          began_(std::chrono::steady_clock::now()),
          shown_(began_)
    {
    }

    int run()
    {
        todo_.push_back(options_.query);
        while (!todo_.empty()) {
            auto query = std::move(todo_.front());
            todo_.pop_front();
            query["limit"] = std::to_string(chunk());
            if (options_.is_dry_run) query["dry_run"] = "1";
            const auto answer = client_.run("POST", "/api/v1/replay/" + options_.dataset, query);
            if (answer.has_error() || answer->status >= 400) {
                const auto code = print_result(answer);
                if (read_ > 0) fmt::print(stderr, "stopped after {}\n", progress());
                return code;
            }
            take(json::parse(answer->body));
            show();
            keep_rate();
        }
        if (options_.as_json) {
            fmt::print("{}\n", json{{options_.is_dry_run ? "would_replay" : "replayed", events_},
                                    {"read", read_}}
                                   .dump());
        } else {
            fmt::print("{}\n", progress());
        }
        return exit_done;
    }

private:
    [[nodiscard]] std::uint64_t chunk() const
    {
        if (options_.rate <= 0) return events_per_call;
        // a fifth of a second's worth, so that the destination sees no bursts
        const auto part = static_cast<std::uint64_t>(std::ceil(options_.rate / 5));
        return std::clamp<std::uint64_t>(part, 1, events_per_call);
    }

    void take(const json& answer)
    {
        events_ +=
            answer.value(options_.is_dry_run ? "would_replay" : "replayed", std::uint64_t{0});
        read_ += answer.value("read", std::uint64_t{0});
        for (auto r = answer.at("remaining").rbegin(); r != answer.at("remaining").rend(); ++r) {
            auto query = options_.query;
            for (const char* name : {"partition", "from", "to"}) {
                query[name] = std::to_string(r->at(name).get<std::uint64_t>());
            }
            todo_.push_front(std::move(query));
        }
    }

    void show()
    {
        const auto now = std::chrono::steady_clock::now();
        if (todo_.empty() || now - shown_ < std::chrono::seconds(1)) return;
        shown_ = now;
        const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
        fmt::print(stderr, "{}{}{}", is_terminal ? "\r" : "", progress(), is_terminal ? "" : "\n");
    }

    void keep_rate() const
    {
        if (options_.rate <= 0 || options_.is_dry_run || todo_.empty()) return;
        const auto due =
            began_ +
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                std::chrono::duration<double>(static_cast<double>(events_) / options_.rate));
        std::this_thread::sleep_until(due);
    }

    [[nodiscard]] std::string progress() const
    {
        return fmt::format("{} {} of {} events read",
                           options_.is_dry_run ? "would replay" : "replayed", with_commas(events_),
                           with_commas(read_));
    }

    const replay_options& options_;
    operations_client client_;
    std::chrono::steady_clock::time_point began_, shown_;
    std::deque<query_parameters> todo_;
    std::uint64_t events_ = 0, read_ = 0;
};

}  // namespace

void add_replay_command(CLI::App& app, selected_command& selected)
{
    auto* command =
        app.add_subcommand("replay", "Send a range of a dataset to a destination again");
    command->footer(
        "Today's rules decide which events of the range the destination gets; they go through its\n"
        "retry log, due at once, beside the lane's own work. Replayed requests carry the same\n"
        "webhook-id as the first time, so a receiver can tell. The ledger does not count them.\n"
        "  sluice replay web_events crm -c sluice.yaml --since 2026-01-31T00:00:00Z --dry-run\n"
        "  sluice replay web_events crm -c sluice.yaml --where 'event.order.total > 100' --rate "
        "50");
    auto o = std::make_shared<replay_options>();
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
    text("--to", "to", "One past the last offset (default: the end at the start of the command)");
    text("--since", "since", "Received at or after this time (RFC 3339)");
    text("--until", "until", "Received before this time");
    text("--partition", "partition", "Only this partition");
    text("--where", "where", "Only events for which this CEL condition over `event` holds");
    command->add_option("--rate", o->rate, "At most so many events a second (default: no limit)")
        ->check(CLI::PositiveNumber);
    command->add_flag("--dry-run", o->is_dry_run, "Only say how many it would be");
    command->add_flag("--json", o->as_json, "JSON instead of a sentence");
    command->callback([&selected, o] {
        selected = [o]() -> int {
            const auto loaded = load_or_complain(o->config);
            if (!loaded) return exit_no;
            return replay_loop(*loaded, *o).run();
        };
    });
}

}  // namespace sluice::gateway
