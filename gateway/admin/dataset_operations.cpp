// Datasets as operators see them: what is kept, who has read how far, what holds retention back;
// trimming and backups.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/time_text.hpp"
#include "datasets/log_error.hpp"
#include "gateway/admin/log_operations.hpp"
#include "gateway/admin/operation_support.hpp"
#include "gateway/lanes/dataset_readers.hpp"
#include "gateway/lanes/dead_letters.hpp"

namespace sluice::gateway {

using nlohmann::json;

namespace {

using readers_map = std::map<dataset_name, std::vector<cursor_name>>;

/// What one reader means for one partition.
struct partition_reader {
    cursor_name name;
    bool is_configured = false;
    std::optional<datasets::cursor_state> state;  ///< nothing: it has not begun

    /// The lowest offset it still needs.
    [[nodiscard]] offset needs(const datasets::partition_extent& extent) const
    {
        return state ? std::max(state->next, extent.begin) : extent.begin;
    }
};

/// Everything about the readers of a log, loaded once per answer.
class reader_list {
public:
    static result<reader_list> load(const operation_context& in)
    {
        auto cursors = in.log.list_cursors();
        if (cursors.has_error()) return cursors.error();
        reader_list list;
        list.configured_ = dataset_readers(in.settings, in.catalog);
        for (auto& c : *cursors) list.cursors_[c.at].push_back(std::move(c));
        return list;
    }

    [[nodiscard]] std::vector<partition_reader> of(const datasets::partition_ref& at) const
    {
        std::vector<partition_reader> out;
        if (const auto found = configured_.find(at.dataset); found != configured_.end()) {
            for (const auto& name : found->second) out.push_back({name, true, std::nullopt});
        }
        if (const auto found = cursors_.find(at); found != cursors_.end()) {
            for (const auto& cursor : found->second) {
                auto known = std::find_if(out.begin(), out.end(),
                                          [&](const auto& r) { return r.name == cursor.name; });
                if (known == out.end()) known = out.insert(out.end(), {cursor.name, false, {}});
                known->state = cursor.state;
            }
        }
        return out;
    }

private:
    readers_map configured_;
    std::map<datasets::partition_ref, std::vector<datasets::cursor_update>> cursors_;
};

/// The configured reader that needs the oldest offset; null when nobody reads.
const partition_reader* slowest(const std::vector<partition_reader>& readers,
                                const datasets::partition_extent& extent)
{
    const partition_reader* found = nullptr;
    for (const auto& r : readers) {
        if (r.is_configured && (!found || r.needs(extent) < found->needs(extent))) found = &r;
    }
    return found;
}

/// Receive time of the record at or after `at`; nothing when there is none.
std::optional<wall_time> time_at(datasets::event_log& log, const datasets::partition_ref& where,
                                 offset at)
{
    std::optional<wall_time> found;
    const auto read = for_each_record(log, where, at, [&](const datasets::record_view& r) {
        found = r.received_at;
        return false;
    });
    return read.has_error() ? std::nullopt : found;
}

json to_json(const partition_reader& reader, const datasets::partition_extent& extent)
{
    json j{{"cursor", reader.name.value()},
           {"configured", reader.is_configured},
           {"next", nullptr},
           {"lag", extent.end - reader.needs(extent)}};
    if (reader.state) {
        j["next"] = reader.state->next.value();
        j["start"] = reader.state->start.value();
        j["lag"] = extent.end > reader.state->next ? extent.end - reader.state->next : 0;
    }
    return j;
}

/// A sentence when retention would remove more if a reader had read it; else nothing.
std::optional<std::string> held_back(const datasets::dataset_spec& spec, std::uint64_t bytes,
                                     const datasets::partition_extent& extent,
                                     const std::vector<partition_reader>& readers,
                                     std::optional<wall_time> oldest, wall_time now)
{
    const bool is_old = spec.age_max && oldest && *oldest + *spec.age_max <= now;
    const bool is_large = spec.bytes_max && bytes > *spec.bytes_max;
    if ((!is_old && !is_large) || spec.trim_unread) return std::nullopt;
    const auto* reader = slowest(readers, extent);
    if (!reader || reader->needs(extent) >= extent.end) return std::nullopt;
    return fmt::format("{} has read up to {} only{}", reader->name.value(),
                       reader->needs(extent).value(),
                       reader->state ? "" : " (it has not begun: it holds everything)");
}

class dataset_page {
public:
    dataset_page(const operation_context& in, const reader_list& readers)
        : in_(in), readers_(readers), now_(in.clock.wall_now())
    {
    }

    json show(const datasets::dataset_spec& spec) const
    {
        std::vector<std::pair<datasets::partition_ref, datasets::partition_extent>> parts;
        std::uint64_t bytes = 0, records = 0;
        for (std::uint32_t p = 0; p < spec.partitions; ++p) {
            const datasets::partition_ref at{spec.name, partition_id{p}};
            if (auto extent = in_.log.extent(at); extent.has_value()) {
                bytes += extent->bytes;
                records += extent->end - extent->begin;
                parts.emplace_back(at, *extent);
            }
        }
        json partitions = json::array();
        for (const auto& [at, extent] : parts) {
            partitions.push_back(show_partition(spec, bytes, at, extent));
        }
        json j{{"name", spec.name.value()},
               {"configured", in_.settings.datasets.contains(spec.name.value())},
               {"records", records},
               {"bytes", bytes},
               {"retention", {{"past_unread", spec.trim_unread}}},
               {"partitions", std::move(partitions)}};
        if (spec.age_max) j["retention"]["age_max_ms"] = spec.age_max->count();
        if (spec.bytes_max) j["retention"]["bytes_max"] = *spec.bytes_max;
        if (spec.quota_bytes) {
            j["quota_bytes"] = *spec.quota_bytes;
            j["quota_used"] =
                static_cast<double>(bytes) / static_cast<double>(std::max(*spec.quota_bytes, 1ul));
        }
        return j;
    }

private:
    json show_partition(const datasets::dataset_spec& spec, std::uint64_t bytes,
                        const datasets::partition_ref& at,
                        const datasets::partition_extent& extent) const
    {
        json list = json::array(), lost = json::array();
        const auto readers = readers_.of(at);
        for (const auto& r : readers) list.push_back(to_json(r, extent));
        for (const auto& range : in_.log.lost_ranges(at)) {
            lost.push_back({{"begin", range.begin.value()}, {"end", range.end.value()}});
        }
        json j{{"partition", at.partition.value()},
               {"begin", extent.begin.value()},
               {"end", extent.end.value()},
               {"bytes", extent.bytes},
               {"lost", extent.lost},
               {"lost_ranges", std::move(lost)},
               {"readers", std::move(list)}};
        if (extent.end == extent.begin) return j;
        const auto oldest = time_at(in_.log, at, extent.begin);
        const auto newest = time_at(in_.log, at, offset{extent.end.value() - 1});
        if (oldest) j["oldest"] = format_time(*oldest);
        if (newest) j["newest"] = format_time(*newest);
        if (auto why = held_back(spec, bytes, extent, readers, oldest, now_)) {
            j["held_back"] = std::move(*why);
        }
        return j;
    }

    const operation_context& in_;
    const reader_list& readers_;
    wall_time now_;
};

std::optional<datasets::dataset_spec> find_dataset(const datasets::event_log& log,
                                                   const std::string& name)
{
    for (auto& spec : log.list_datasets()) {
        if (spec.name.value() == name) return std::move(spec);
    }
    return std::nullopt;
}

operation_result no_dataset(const operation_context& in, const std::string& name)
{
    std::string known;
    for (const auto& spec : in.log.list_datasets()) {
        known += (known.empty() ? "" : ", ") + spec.name.value();
    }
    return operation_problem(404, fmt::format("there is no dataset '{}'; there are: {}", name,
                                              known.empty() ? "none" : known));
}

struct trim_request {
    std::optional<offset> before;
    std::optional<wall_time> before_time;
    bool past_unread = false;
    bool is_dry_run = false;
};

/// Trims one partition, or says what it would do.
result<json> trim_partition(const operation_context& in, const trim_request& request,
                            const datasets::partition_ref& at,
                            const std::vector<partition_reader>& readers)
{
    const auto extent = in.log.extent(at);
    if (extent.has_error()) return extent.error();
    offset to = request.before.value_or(extent->end);
    if (request.before_time) {
        const auto found = in.log.offset_at(at, *request.before_time);
        if (found.has_error()) return found.error();
        to = *found;
    }
    to = std::min(to, extent->end);
    json j{{"partition", at.partition.value()}, {"begin", extent->begin.value()}};
    const auto* holder = slowest(readers, *extent);
    if (holder && !request.past_unread && holder->needs(*extent) < to) {
        to = holder->needs(*extent);
        j["held_back_by"] = holder->name.value();
        j["held_back_at"] = to.value();
    }
    const auto trimmed = in.log.trim(at, to, request.is_dry_run);
    if (trimmed.has_error()) return trimmed.error();
    const auto begin = std::max(trimmed->begin, extent->begin);
    j["new_begin"] = begin.value();
    j["records"] = trimmed->records;
    j["bytes"] = trimmed->bytes;
    json unread = json::object();
    for (const auto& r : readers) {
        if (!r.is_configured || r.needs(*extent) >= begin) continue;
        unread[r.name.value()] = begin - r.needs(*extent);
    }
    j["unread"] = std::move(unread);
    return j;
}

}  // namespace

operation_result list_datasets(const operation_context& in)
{
    const auto readers = reader_list::load(in);
    if (readers.has_error()) return log_problem(readers.error());
    const dataset_page page(in, *readers);
    json list = json::array();
    for (const auto& spec : in.log.list_datasets()) list.push_back(page.show(spec));
    return json_answer({{"datasets", std::move(list)}});
}

operation_result describe_dataset(const operation_context& in, const std::string& name)
{
    const auto spec = find_dataset(in.log, name);
    if (!spec) return no_dataset(in, name);
    const auto readers = reader_list::load(in);
    if (readers.has_error()) return log_problem(readers.error());
    return json_answer(dataset_page(in, *readers).show(*spec));
}

operation_result trim_dataset(const operation_context& in, const std::string& name,
                              const query_parameters& query)
{
    parameters given(query);
    trim_request request;
    if (const auto before = given.number("before")) request.before = offset{*before};
    request.before_time = given.time("before_time");
    const auto only = given.number("partition");
    request.past_unread = given.flag("past_unread");
    request.is_dry_run = given.flag("dry_run");
    if (!given.problem().empty()) return operation_problem(400, given.problem());
    if (request.before.has_value() == request.before_time.has_value()) {
        return operation_problem(400, "trim needs either before (an offset) or before_time");
    }
    const auto spec = find_dataset(in.log, name);
    if (!spec) return no_dataset(in, name);
    if (request.past_unread && name.starts_with("_retry.")) {
        return operation_problem(
            400,
            "the retry log holds what a lane still owes; trimming it unread would lose it. "
            "Disable the destination's rule, or let the retries end as dead letters");
    }
    if (only && *only >= spec->partitions) {
        return operation_problem(
            404, fmt::format("dataset '{}' has partitions 0 to {}", name, spec->partitions - 1));
    }
    const auto readers = reader_list::load(in);
    if (readers.has_error()) return log_problem(readers.error());
    json parts = json::array();
    for (std::uint32_t p = 0; p < spec->partitions; ++p) {
        if (only && *only != p) continue;
        const datasets::partition_ref at{spec->name, partition_id{p}};
        auto part = trim_partition(in, request, at, readers->of(at));
        if (part.has_error()) return log_problem(part.error());
        parts.push_back(std::move(*part));
    }
    return json_answer(
        {{"dataset", name}, {"dry_run", request.is_dry_run}, {"partitions", std::move(parts)}});
}

operation_result back_up(const operation_context& in, const query_parameters& query)
{
    const auto folder = parameters(query).text("folder").value_or("");
    if (!folder.starts_with('/')) {
        return operation_problem(400, "folder must be a full path on the gateway's machine");
    }
    const auto report = in.log.backup(folder);
    if (report.has_error()) return log_problem(report.error());
    json parts = json::array();
    for (const auto& part : report->parts) {
        parts.push_back({{"dataset", part.at.dataset.value()},
                         {"partition", part.at.partition.value()},
                         {"begin", part.begin.value()},
                         {"end", part.end.value()}});
    }
    return json_answer({{"folder", report->folder},
                        {"taken_at", format_time(report->taken_at)},
                        {"files", report->files},
                        {"linked", report->linked},
                        {"bytes", report->bytes},
                        {"partitions", std::move(parts)}});
}

}  // namespace sluice::gateway
