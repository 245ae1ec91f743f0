#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/commands/record_line.hpp"

namespace sluice::gateway {

namespace {

using namespace std::chrono_literals;

struct tail_options {
    std::vector<std::string> config;
    std::string dataset;
    query_parameters query;
    bool is_following = false;
};

constexpr std::uint64_t follow_records_max = 1000;

/// Lines are NDJSON with the offset in front of the event; where the next page begins.
std::optional<std::uint64_t> last_offset(std::string_view page)
{
    if (page.empty()) return std::nullopt;
    const auto begin = page.rfind('\n', page.size() - 2);
    const auto line = page.substr(begin == std::string_view::npos ? 0 : begin + 1);
    const auto read = read_record_line(line);
    if (!read) return std::nullopt;
    return read->head.value("offset", std::uint64_t{0});
}

/// Prints what comes, per partition, until interrupted. Asks for ends first, so that a condition
/// that holds rarely does not make the gateway look at the same records again and again.
class follower {
public:
    follower(const loaded_config& loaded, const tail_options& o)
        : loaded_(loaded), path_("/api/v1/datasets/" + o.dataset), query_(o.query)
    {
        if (const auto only = query_.find("partition"); only != query_.end()) only_ = only->second;
    }

    /// Nothing went wrong: nullopt; else the exit code.
    std::optional<int> look()
    {
        const auto about = run_anywhere(loaded_, "GET", path_, {}, false);
        if (about.has_error() || about->status >= 400) return print_result(about);
        const auto dataset = nlohmann::json::parse(about->body);
        for (const auto& p : dataset.at("partitions")) {
            const auto id = p.at("partition").get<std::uint64_t>();
            const auto end = p.at("end").get<std::uint64_t>();
            if (only_ && *only_ != std::to_string(id)) continue;
            while (!next_.contains(id) || next_[id] < end) {
                if (const auto code = print_page(id, end)) return code;
            }
        }
        std::fflush(stdout);
        return std::nullopt;
    }

private:
    std::optional<int> print_page(std::uint64_t partition, std::uint64_t end)
    {
        auto query = query_;
        query["partition"] = std::to_string(partition);
        query["to"] = std::to_string(end);
        query["limit"] = std::to_string(follow_records_max);
        if (const auto from = next_.find(partition); from != next_.end()) {
            query.erase("last");
            query["from"] = std::to_string(from->second);
        }
        const auto answer = run_anywhere(loaded_, "GET", path_ + "/records", query, false);
        if (answer.has_error() || answer->status >= 400) return print_result(answer);
        fmt::print("{}", answer->body);
        const auto lines = std::count(answer->body.begin(), answer->body.end(), '\n');
        const auto last = last_offset(answer->body);
        const bool is_full = static_cast<std::uint64_t>(lines) >= follow_records_max;
        next_[partition] = is_full && last ? *last + 1 : end;
        return std::nullopt;
    }

    const loaded_config& loaded_;
    std::string path_;
    query_parameters query_;
    std::optional<std::string> only_;
    std::map<std::uint64_t, std::uint64_t> next_;
};

int follow(const loaded_config& loaded, const tail_options& o)
{
    follower work(loaded, o);
    while (true) {
        if (const auto code = work.look()) return *code;
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
    text("--to", "to", "One past the last offset");
    text("--since", "since", "Received at or after this time (RFC 3339)");
    text("--until", "until", "Received before this time");
    text("--partition", "partition", "Only this partition");
    text("--id", "id", "Only the event with this id");
    text("--where", "where", "Only events for which this CEL condition over `event` holds");
    text("--limit", "limit", "At most so many records (1000; -f: no limit)");
    command->add_flag("-f,--follow", o->is_following, "Keep printing what arrives");
    command->callback([&selected, o] { selected = [o] { return run_tail(*o); }; });
}

}  // namespace sluice::gateway
