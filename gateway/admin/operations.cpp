#include "gateway/admin/operations.hpp"

#include <nlohmann/json.hpp>

#include "batch/export_job.hpp"
#include "config/time_text.hpp"
#include "gateway/admin/log_operations.hpp"
#include "gateway/admin/operation_support.hpp"
#include "gateway/http/message.hpp"

namespace sluice::gateway {

using nlohmann::json;

namespace {

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
    return json_answer({{"runs", std::move(list)}});
}

}  // namespace

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
    const bool is_get = method == "GET", is_post = method == "POST";
    const auto after = [&](std::string_view prefix) -> std::optional<std::string_view> {
        if (!path.starts_with(prefix)) return std::nullopt;
        return path.substr(prefix.size());
    };
    if (const auto rest = after("dead/")) return handle_dead(context, method, *rest, query);
    if (path == "datasets" && is_get) return list_datasets(context);
    if (path == "cursors" && is_get) return list_cursors(context, query);
    if (path == "backup" && is_post) return back_up(context, query);
    if (path == "exports/runs" && is_get) return list_export_runs(context, query);
    if (const auto rest = after("cursors/"); rest && is_post) {
        return set_cursor(context, *rest, query);
    }
    if (const auto rest = after("datasets/")) {
        const auto slash = rest->rfind('/');
        const std::string name(rest->substr(0, slash));
        const auto verb = slash == std::string_view::npos ? "" : rest->substr(slash + 1);
        if (verb.empty() && is_get) return describe_dataset(context, name);
        if (verb == "records" && is_get) return read_records(context, name, query);
        if (verb == "trim" && is_post) return trim_dataset(context, name, query);
    }
    if (const auto rest = after("replay/"); rest && is_post) {
        return replay(context, std::string(*rest), query);
    }
    return std::nullopt;
}

}  // namespace sluice::gateway
