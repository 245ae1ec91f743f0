#include "gateway/admin/operations.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "batch/export_job.hpp"
#include "config/time_text.hpp"
#include "gateway/admin/replay.hpp"
#include "gateway/http/message.hpp"
#include "gateway/lanes/dead_letters.hpp"
#include "rules/json_expression.hpp"

namespace sluice::gateway {

using nlohmann::json;

namespace {

constexpr std::uint64_t records_limit_default = 1000;

std::string dump(const json& j)
{
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

operation_result answer(const json& j)
{
    return {200, "application/json", dump(j)};
}

operation_result log_problem(const failure& f)
{
    return operation_problem(503, f.message);
}

/// Reads typed parameters and remembers the first bad one.
class parameters {
public:
    explicit parameters(const query_parameters& query) : query_(query) {}

    std::optional<std::string> text(std::string_view name) const
    {
        const auto found = query_.find(name);
        if (found == query_.end()) return std::nullopt;
        return found->second;
    }
    std::optional<std::uint64_t> number(std::string_view name)
    {
        const auto given = text(name);
        if (!given) return std::nullopt;
        std::uint64_t n = 0;
        const auto end = given->data() + given->size();
        const auto parsed = std::from_chars(given->data(), end, n);
        if (parsed.ec == std::errc{} && parsed.ptr == end) return n;
        problem_ = fmt::format("{} must be a whole number, not '{}'", name, *given);
        return std::nullopt;
    }
    std::optional<wall_time> time(std::string_view name)
    {
        const auto given = text(name);
        if (!given) return std::nullopt;
        if (auto t = parse_time(*given)) return t;
        problem_ =
            fmt::format("{} must be a time such as 2026-01-31T12:00:00Z, not '{}'", name, *given);
        return std::nullopt;
    }
    void fail(std::string why) { problem_ = std::move(why); }
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    const query_parameters& query_;
    std::string problem_;
};

json to_json(const dead_letter& letter)
{
    const auto& p = letter.parked;
    return {{"position", letter.position.value()},
            {"state", to_text(letter.state)},
            {"id", letter.event_id},
            {"type", letter.type},
            {"rules", p.rules},
            {"reason", p.reason},
            {"detail", p.detail},
            {"status", p.status},
            {"response", p.response},
            {"attempts", p.attempts},
            {"failed_at", format_time(p.failed_at)},
            {"received_at", format_time(p.received_at)},
            {"dataset", p.origin.value()},
            {"partition", p.origin_partition.value()},
            {"offset", p.origin_offset.value()},
            {"event", json::parse(letter.content, nullptr, false)}};
}

result<dead_filter> read_filter(parameters& from)
{
    dead_filter filter;
    filter.reason = from.text("reason");
    filter.rule = from.text("rule");
    filter.event_id = from.text("id");
    if (const auto position = from.number("position")) filter.position = offset{*position};
    filter.since = from.time("since");
    filter.until = from.time("until");
    filter.include_handled = from.text("all").has_value();
    filter.limit = from.number("limit").value_or(filter.limit);
    if (const auto where = from.text("where")) {
        auto compiled = rules::json_expression::compile(*where, "event", true);
        if (compiled.has_error()) return failure{{}, "where: " + compiled.error().message};
        std::shared_ptr<rules::json_expression> condition = std::move(*compiled);
        filter.where = [condition](const dead_letter& l) { return condition->holds(l.content); };
    }
    if (!from.problem().empty()) return failure{{}, from.problem()};
    return filter;
}

operation_result handle_dead(const operation_context& in, std::string_view method,
                             std::string_view rest, const query_parameters& query)
{
    const auto slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    const auto verb = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    const destination_name destination{name};
    parameters given(query);
    auto filter = read_filter(given);
    if (filter.has_error()) return operation_problem(400, filter.error().message);
    if (!verb.empty() && !given.text("limit")) filter->limit = UINT64_MAX;
    auto letters = list_dead_letters(in.log, destination, *filter);
    if (letters.has_error()) {
        return operation_problem(404, fmt::format("no dead letters of destination '{}': {}", name,
                                                  letters.error().message));
    }
    if (method == "GET" && verb.empty()) {
        json list = json::array();
        for (const auto& letter : *letters) list.push_back(to_json(letter));
        return answer({{"destination", name}, {"letters", std::move(list)}});
    }
    if (method != "POST" || (verb != "redrive" && verb != "drop")) {
        return operation_problem(405,
                                 "GET lists dead letters; POST …/redrive or …/drop handles them");
    }
    if (given.text("dry_run")) return answer({{verb, 0}, {"would", letters->size()}});
    auto done = verb == "redrive"
                    ? redrive_dead_letters(in.log, destination, *letters, in.clock.wall_now())
                    : drop_dead_letters(in.log, destination, *letters);
    if (done.has_error()) return log_problem(done.error());
    return answer({{verb, *done}});
}

operation_result list_datasets(const operation_context& in)
{
    json list = json::array();
    const auto cursors = in.log.list_cursors();
    for (const auto& spec : in.log.list_datasets()) {
        json partitions = json::array();
        for (std::uint32_t p = 0; p < spec.partitions; ++p) {
            const datasets::partition_ref at{spec.name, partition_id{p}};
            const auto extent = in.log.extent(at);
            if (extent.has_error()) continue;
            json readers = json::array();
            for (const auto& c :
                 cursors.has_value() ? *cursors : std::vector<datasets::cursor_update>{}) {
                if (c.at != at) continue;
                readers.push_back({{"cursor", c.name.value()}, {"next", c.state.next.value()}});
            }
            partitions.push_back({{"partition", p},
                                  {"begin", extent->begin.value()},
                                  {"end", extent->end.value()},
                                  {"bytes", extent->bytes},
                                  {"lost", extent->lost},
                                  {"readers", std::move(readers)}});
        }
        list.push_back({{"name", spec.name.value()}, {"partitions", std::move(partitions)}});
    }
    return answer({{"datasets", std::move(list)}});
}

json to_json(const datasets::record_view& r, std::uint32_t partition)
{
    json j{{"partition", partition},
           {"offset", r.position.value()},
           {"id", r.id},
           {"type", r.type},
           {"datastream", r.datastream},
           {"source", r.source},
           {"received_at", format_time(r.received_at)}};
    if (r.key) j["key"] = *r.key;
    if (!r.extra.empty()) j["extra"] = json::parse(r.extra, nullptr, false);
    return j;
}

/// The event stands in the line byte for byte, as it was accepted.
void append_record(std::string& out, const datasets::record_view& r, std::uint32_t partition)
{
    auto head = dump(to_json(r, partition));
    head.pop_back();
    out += head;
    out += ",\"event\":";
    out += r.content;
    out += "}\n";
}

operation_result tail_dataset(const operation_context& in, const std::string& name,
                              const query_parameters& query)
{
    parameters given(query);
    const auto from = given.number("from");
    const auto last = given.number("last");
    const auto since = given.time("since");
    const auto only = given.number("partition");
    const auto id = given.text("id");
    auto left = given.number("limit").value_or(records_limit_default);
    std::unique_ptr<rules::json_expression> where;
    if (const auto text = given.text("where")) {
        auto compiled = rules::json_expression::compile(*text, "event", true);
        if (compiled.has_error()) return operation_problem(400, compiled.error().message);
        where = std::move(*compiled);
    }
    if (!given.problem().empty()) return operation_problem(400, given.problem());

    operation_result found{200, "application/x-ndjson", {}};
    bool exists = false;
    for (const auto& spec : in.log.list_datasets()) {
        if (spec.name.value() != name) continue;
        exists = true;
        for (std::uint32_t p = 0; p < spec.partitions; ++p) {
            if (only && *only != p) continue;
            const datasets::partition_ref at{spec.name, partition_id{p}};
            const auto extent = in.log.extent(at);
            if (extent.has_error()) return log_problem(extent.error());
            offset start = from ? offset{*from} : extent->begin;
            if (last)
                start =
                    offset{std::max(extent->begin.value(),
                                    extent->end.value() - std::min(extent->end.value(), *last))};
            if (since) {
                const auto found_at = in.log.offset_at(at, *since);
                if (found_at.has_error()) return log_problem(found_at.error());
                start = *found_at;
            }
            auto read = for_each_record(in.log, at, start, [&](const datasets::record_view& r) {
                if (left == 0) return false;
                if ((!id || *id == r.id) && (!where || where->holds(r.content))) {
                    append_record(found.body, r, p);
                    --left;
                }
                return true;
            });
            if (read.has_error()) return log_problem(read.error());
        }
    }
    if (!exists) return operation_problem(404, fmt::format("there is no dataset '{}'", name));
    return found;
}

json to_json(const batch::flow_run& run)
{
    static constexpr const char* states[] = {"planned", "running", "succeeded", "failed"};
    json files = json::array();
    for (const auto& f : run.files) {
        files.push_back({{"path", f.path},
                         {"rows", f.rows},
                         {"bytes", f.bytes},
                         {"sha256", f.sha256},
                         {"partition", f.partition.value()},
                         {"first", f.first.value()},
                         {"last", f.last.value()}});
    }
    return {{"id", run.id},
            {"export", run.export_name},
            {"dataset", run.dataset},
            {"state", states[static_cast<int>(run.state)]},
            {"boundary", format_time(run.boundary)},
            {"started_at", format_time(run.started_at)},
            {"finished_at", format_time(run.finished_at)},
            {"rows", run.rows},
            {"bytes", run.bytes},
            {"files", std::move(files)},
            {"manifest", run.manifest},
            {"error", run.error}};
}

operation_result list_export_runs(const operation_context& in, const query_parameters& query)
{
    const auto name = parameters(query).text("name").value_or("");
    const auto id = parameters(query).text("run");
    auto runs = batch::list_runs(in.log, name);
    if (runs.has_error()) return log_problem(runs.error());
    json list = json::array();
    for (const auto& run : *runs) {
        if (!id || run.id == *id) list.push_back(to_json(run));
    }
    return answer({{"runs", std::move(list)}});
}

operation_result replay(const operation_context& in, const std::string& dataset,
                        const query_parameters& query)
{
    parameters given(query);
    replay_request request;
    request.dataset = dataset_name{dataset};
    request.destination = destination_name{given.text("destination").value_or("")};
    if (const auto from = given.number("from")) request.from = offset{*from};
    if (const auto to = given.number("to")) request.to = offset{*to};
    request.since = given.time("since");
    request.until = given.time("until");
    request.is_dry_run = given.text("dry_run").has_value();
    if (!given.problem().empty()) return operation_problem(400, given.problem());
    if (in.catalog == nullptr)
        return operation_problem(400, "replay needs the rules' configuration");
    auto done = replay_dataset(in.log, *in.catalog, request, in.clock.wall_now());
    if (done.has_error()) return operation_problem(400, done.error().message);
    return answer(
        {{request.is_dry_run ? "would_replay" : "replayed", done->events}, {"read", done->read}});
}

}  // namespace

operation_result operation_problem(int status, std::string_view detail)
{
    return {status, "application/problem+json",
            dump({{"type", "about:blank"},
                  {"title", status == 400   ? "Bad Request"
                            : status == 404 ? "Not Found"
                            : status == 405 ? "Method Not Allowed"
                                            : "Service Unavailable"},
                  {"status", status},
                  {"detail", detail}})};
}

query_parameters parse_query(std::string_view query)
{
    http_request request;
    request.query = query;
    query_parameters all;
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto name = query.substr(0, end).substr(0, query.substr(0, end).find('='));
        if (!name.empty()) all[std::string(name)] = request.query_parameter(name);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    }
    return all;
}

std::optional<operation_result> run_operation(const operation_context& context,
                                              std::string_view method, std::string_view path,
                                              const query_parameters& query)
{
    constexpr std::string_view root = "/api/v1/";
    if (!path.starts_with(root)) return std::nullopt;
    path.remove_prefix(root.size());
    const auto after = [&](std::string_view prefix) -> std::optional<std::string_view> {
        if (!path.starts_with(prefix)) return std::nullopt;
        return path.substr(prefix.size());
    };
    if (const auto rest = after("dead/")) return handle_dead(context, method, *rest, query);
    if (path == "datasets" && method == "GET") return list_datasets(context);
    if (path == "exports/runs" && method == "GET") return list_export_runs(context, query);
    if (const auto rest = after("datasets/");
        rest && method == "GET" && rest->ends_with("/records")) {
        return tail_dataset(context, std::string(rest->substr(0, rest->size() - 8)), query);
    }
    if (const auto rest = after("replay/"); rest && method == "POST") {
        return replay(context, std::string(*rest), query);
    }
    return std::nullopt;
}

}  // namespace sluice::gateway
