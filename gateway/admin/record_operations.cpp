// Records as people look at them and send them again: tail, replay, dead letters.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/time_text.hpp"
#include "datasets/log_error.hpp"
#include "gateway/admin/log_operations.hpp"
#include "gateway/admin/operation_support.hpp"
#include "gateway/admin/replay.hpp"
#include "gateway/lanes/dead_letters.hpp"

namespace sluice::gateway {

using nlohmann::json;

namespace {

constexpr std::uint64_t records_limit_default = 1000;
/// Records that one bounded call of replay looks at, so that it answers within seconds.
constexpr std::uint64_t replay_reads_per_call = 20'000;

json head_of(const dead_letter& letter)
{
    const auto& p = letter.parked;
    json head{{"position", letter.position.value()},
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
              {"offset", p.origin_offset.value()}};
    if (p.step.empty()) return head;
    head["step"] = p.step;
    // as texts: readers of NDJSON look for the member `event`, which an answer may hold too
    auto& results = head["results"] = json::object();
    for (const auto& [step, result] : p.results) results[step] = result;
    return head;
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
    filter.include_handled = from.flag("all");
    filter.limit = from.number("limit").value_or(filter.limit);
    if (const auto where = from.condition("where")) {
        filter.where = [where](const dead_letter& l) { return where->holds(l.content); };
    }
    if (!from.problem().empty()) return failure{{}, from.problem()};
    return filter;
}

operation_result letters_answer(const std::string& name, const std::vector<dead_letter>& letters,
                                bool as_lines)
{
    operation_result out{200, as_lines ? "application/x-ndjson" : "application/json", {}};
    if (!as_lines) out.body = "{\"destination\":" + json(name).dump() + ",\"letters\":[";
    bool is_first = true;
    for (const auto& letter : letters) {
        if (!as_lines && !is_first) out.body += ',';
        is_first = false;
        append_with_raw(out.body, head_of(letter), "event", letter.content);
        if (as_lines) out.body += '\n';
    }
    if (!as_lines) out.body += "]}";
    return out;
}

json head_of(const datasets::record_view& r, std::uint32_t partition)
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

/// Which records of which partitions.
struct record_choice {
    std::optional<std::uint64_t> from, to, last, partition;
    std::optional<wall_time> since, until;
    std::optional<std::string> id;
    std::shared_ptr<rules::json_expression> where;
    std::uint64_t left = 0;

    explicit record_choice(parameters& given)
        : from(given.number("from")),
          to(given.number("to")),
          last(given.number("last")),
          partition(given.number("partition")),
          since(given.time("since")),
          until(given.time("until")),
          id(given.text("id")),
          where(given.condition("where")),
          left(given.number("limit").value_or(records_limit_default))
    {
    }

    [[nodiscard]] result<offset> start(const datasets::event_log& log,
                                       const datasets::partition_ref& at,
                                       const datasets::partition_extent& extent) const
    {
        auto begin = from ? offset{*from} : extent.begin;
        if (last) {
            const auto end = extent.end.value();
            begin = offset{std::max(extent.begin.value(), end - std::min(end, *last))};
        }
        if (since) {
            const auto found = log.offset_at(at, *since);
            if (found.has_error()) return found.error();
            begin = std::max(begin, *found);
        }
        return begin;
    }
    [[nodiscard]] bool wants(const datasets::record_view& r) const
    {
        return (!until || r.received_at < *until) && (!since || r.received_at >= *since) &&
               (!id || *id == r.id) && (!where || where->holds(r.content));
    }
};

result<void> append_records(datasets::event_log& log, const datasets::partition_ref& at,
                            record_choice& choice, std::string& out)
{
    const auto extent = log.extent(at);
    if (extent.has_error()) return extent.error();
    const auto start = choice.start(log, at, *extent);
    if (start.has_error()) return start.error();
    return for_each_record(log, at, *start, [&](const datasets::record_view& r) {
        // what arrives meanwhile is for the next look: else "the last three" could be four
        if (choice.left == 0 || r.position >= extent->end) return false;
        if (choice.to && r.position.value() >= *choice.to) return false;
        if (choice.wants(r)) {
            append_with_raw(out, head_of(r, at.partition.value()), "event", r.content);
            out += '\n';
            --choice.left;
        }
        return true;
    });
}

}  // namespace

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
        // a log that does not answer must not look like a destination without dead letters
        using datasets::log_errc;
        if (letters.error().code != make_error_code(log_errc::unknown_dataset)) {
            return log_problem(letters.error());
        }
        return operation_problem(404, fmt::format("no dead letters of destination '{}': {}", name,
                                                  letters.error().message));
    }
    if (method == "GET" && verb.empty()) {
        return letters_answer(name, *letters, given.text("format").value_or("") == "ndjson");
    }
    if (method != "POST" || (verb != "redrive" && verb != "drop")) {
        return operation_problem(405,
                                 "GET lists dead letters; POST …/redrive or …/drop handles them");
    }
    if (given.flag("dry_run")) return json_answer({{verb, 0}, {"would", letters->size()}});
    auto done = verb == "redrive"
                    ? redrive_dead_letters(in.log, destination, *letters, in.clock.wall_now())
                    : drop_dead_letters(in.log, destination, *letters);
    if (done.has_error()) return log_problem(done.error());
    return json_answer({{verb, *done}});
}

operation_result read_records(const operation_context& in, const std::string& name,
                              const query_parameters& query)
{
    parameters given(query);
    record_choice choice(given);
    if (!given.problem().empty()) return operation_problem(400, given.problem());
    for (const auto& spec : in.log.list_datasets()) {
        if (spec.name.value() != name) continue;
        if (choice.partition && *choice.partition >= spec.partitions) {
            return operation_problem(
                404, fmt::format("dataset '{}' has partitions 0 to {}", name, spec.partitions - 1));
        }
        operation_result found{200, "application/x-ndjson", {}};
        for (std::uint32_t p = 0; p < spec.partitions; ++p) {
            if (choice.partition && *choice.partition != p) continue;
            auto read = append_records(in.log, {spec.name, partition_id{p}}, choice, found.body);
            if (read.has_error()) return log_problem(read.error());
        }
        return found;
    }
    return operation_problem(404, fmt::format("there is no dataset '{}'", name));
}

operation_result replay(const operation_context& in, const std::string& dataset,
                        const query_parameters& query)
{
    parameters given(query);
    replay_request request;
    request.dataset = dataset_name{dataset};
    request.destination = destination_name{given.text("destination").value_or("")};
    if (const auto p = given.number("partition")) {
        request.partition = partition_id{static_cast<std::uint32_t>(*p)};
    }
    if (const auto from = given.number("from")) request.from = offset{*from};
    if (const auto to = given.number("to")) request.to = offset{*to};
    request.since = given.time("since");
    request.until = given.time("until");
    if (const auto where = given.condition("where")) {
        request.where = [where](std::string_view event) { return where->holds(event); };
    }
    request.is_dry_run = given.flag("dry_run");
    if (const auto limit = given.number("limit")) {
        request.events_max = *limit;
        request.reads_max = replay_reads_per_call;
    }
    if (!given.problem().empty()) return operation_problem(400, given.problem());
    if (in.catalog == nullptr)
        return operation_problem(400, "replay needs the rules' configuration");
    auto done = replay_dataset(in.log, *in.catalog, request, in.clock.wall_now());
    if (done.has_error()) return log_problem(done.error());
    json remaining = json::array();
    for (const auto& r : done->remaining) {
        remaining.push_back(
            {{"partition", r.partition.value()}, {"from", r.from.value()}, {"to", r.to.value()}});
    }
    return json_answer({{request.is_dry_run ? "would_replay" : "replayed", done->events},
                        {"read", done->read},
                        {"remaining", std::move(remaining)}});
}

}  // namespace sluice::gateway
