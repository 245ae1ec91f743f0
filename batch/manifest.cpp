#include "batch/manifest.hpp"

#include <nlohmann/json.hpp>

#include "config/time_text.hpp"

namespace sluice::batch {

std::string manifest_json(const flow_run& run)
{
    using json = nlohmann::ordered_json;
    json results = json::array();
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    for (const auto& f : run.files) {
        const auto slash = f.path.rfind('/');
        const auto folder = slash == std::string::npos ? std::string{} : f.path.substr(0, slash);
        results.push_back({{"sinkPath", f.path},
                           {"folder", folder},
                           {"name", slash == std::string::npos ? f.path : f.path.substr(slash + 1)},
                           {"size", f.bytes},
                           {"rows", f.rows},
                           {"sha256", f.sha256},
                           {"md5", f.md5},
                           {"partition", f.partition.value()},
                           {"firstOffset", f.first.value()},
                           {"lastOffset", f.last.value()},
                           {"receivedMin", format_time(f.received_min)},
                           {"receivedMax", format_time(f.received_max)}});
        if (!f.schema_id.empty()) results.back()["schemaId"] = f.schema_id;
        rows += f.rows;
        bytes += f.bytes;
    }
    return json{{"flowRunId", run.id},
                {"scheduledTime", format_time(run.boundary)},
                {"exportName", run.export_name},
                {"datasetName", run.dataset},
                {"exportResults", std::move(results)},
                {"totals",
                 {{"files", run.files.size()},
                  {"rows", rows},
                  {"bytes", bytes},
                  {"rowsLost", run.rows_lost}}}}
               .dump(2, ' ', false, json::error_handler_t::replace) +
           "\n";
}

}  // namespace sluice::batch
