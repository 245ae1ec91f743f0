#include "batch/checkpoint.hpp"

#include <nlohmann/json.hpp>

#include "batch/export_error.hpp"
#include "config/time_text.hpp"

namespace sluice::batch {
namespace {

using json = nlohmann::ordered_json;

constexpr int document_version = 1;
constexpr std::array<const char*, 4> state_names{"planned", "running", "succeeded", "failed"};
constexpr std::array<const char*, 2> format_names{"parquet", "ndjson"};
constexpr std::array<const char*, 5> compression_names{"automatic", "none", "gzip", "zstd",
                                                       "snappy"};

template <class Enum, std::size_t N>
Enum enum_from(const std::string& name, const std::array<const char*, N>& names)
{
    for (std::size_t i = 0; i < N; ++i) {
        if (name == names[i]) return static_cast<Enum>(i);
    }
    throw std::out_of_range("unknown name '" + name + "'");
}

template <class Enum, std::size_t N>
const char* enum_name(Enum value, const std::array<const char*, N>& names)
{
    return names[static_cast<std::size_t>(value)];
}

wall_time time_from(const json& value)
{
    return parse_time(value.get<std::string>()).value();
}

json file_to_json(const exported_file& f)
{
    return {{"path", f.path},
            {"rows", f.rows},
            {"bytes", f.bytes},
            {"sha256", f.sha256},
            {"md5", f.md5},
            {"partition", f.partition.value()},
            {"firstOffset", f.first.value()},
            {"lastOffset", f.last.value()},
            {"receivedMin", format_time(f.received_min)},
            {"receivedMax", format_time(f.received_max)},
            {"schemaId", f.schema_id}};
}

exported_file file_from_json(const json& j)
{
    return {.path = j.at("path"),
            .rows = j.at("rows"),
            .bytes = j.at("bytes"),
            .sha256 = j.at("sha256"),
            .partition = partition_id{j.at("partition").get<std::uint32_t>()},
            .first = offset{j.at("firstOffset").get<std::uint64_t>()},
            .last = offset{j.at("lastOffset").get<std::uint64_t>()},
            .md5 = j.at("md5"),
            .received_min = time_from(j.at("receivedMin")),
            .received_max = time_from(j.at("receivedMax")),
            .schema_id = j.at("schemaId")};
}

json run_as_json(const flow_run& r)
{
    json files = json::array();
    for (const auto& f : r.files) files.push_back(file_to_json(f));
    json out{{"id", r.id},
             {"export", r.export_name},
             {"dataset", r.dataset},
             {"state", enum_name(r.state, state_names)},
             {"boundary", format_time(r.boundary)},
             {"startedAt", format_time(r.started_at)},
             {"finishedAt", nullptr},
             {"rows", r.rows},
             {"rowsLost", r.rows_lost},
             {"bytes", r.bytes},
             {"manifest", r.manifest},
             {"error", r.error},
             {"files", std::move(files)}};
    if (is_finished(r)) out["finishedAt"] = format_time(r.finished_at);
    return out;
}

flow_run run_from_json(const json& j)
{
    flow_run r{.id = j.at("id"),
               .export_name = j.at("export"),
               .dataset = j.at("dataset"),
               .state = enum_from<run_state>(j.at("state"), state_names),
               .boundary = time_from(j.at("boundary")),
               .started_at = time_from(j.at("startedAt")),
               .rows = j.at("rows"),
               .bytes = j.at("bytes"),
               .manifest = j.at("manifest"),
               .error = j.at("error"),
               .rows_lost = j.at("rowsLost")};
    if (!j.at("finishedAt").is_null()) r.finished_at = time_from(j.at("finishedAt"));
    for (const auto& f : j.at("files")) r.files.push_back(file_from_json(f));
    return r;
}

json settings_to_json(const config::export_settings& s)
{
    json out{{"directory", s.directory},
             {"folder", s.folder},
             {"fileName", s.file_name},
             {"format", enum_name(s.format, format_names)},
             {"compression", enum_name(s.compression, compression_names)},
             {"rowsPerFileMax", s.rows_per_file_max},
             {"bytesPerFileTarget", s.bytes_per_file_target},
             {"bufferBytesMax", s.buffer_bytes_max},
             {"manifest", s.manifest.enabled},
             {"manifestPath", nullptr}};
    if (s.manifest.path) out["manifestPath"] = *s.manifest.path;
    return out;
}

config::export_settings settings_from_json(const json& j, const std::string& dataset)
{
    config::export_settings s;
    s.dataset = dataset;
    s.directory = j.at("directory");
    s.folder = j.at("folder");
    s.file_name = j.at("fileName");
    s.format = enum_from<config::export_format>(j.at("format"), format_names);
    s.compression = enum_from<config::export_compression>(j.at("compression"), compression_names);
    s.rows_per_file_max = j.at("rowsPerFileMax");
    s.bytes_per_file_target = j.at("bytesPerFileTarget");
    s.buffer_bytes_max = j.at("bufferBytesMax");
    s.manifest.enabled = j.at("manifest");
    if (!j.at("manifestPath").is_null()) s.manifest.path = j.at("manifestPath").get<std::string>();
    return s;
}

}  // namespace

std::string to_json(const run_document& document)
{
    json ranges = json::array();
    for (const auto& r : document.ranges) {
        ranges.push_back({{"partition", r.partition.value()},
                          {"first", r.first.value()},
                          {"end", r.end.value()}});
    }
    const auto& p = document.progress;
    return json{{"version", document_version},
                {"run", run_as_json(document.run)},
                {"settings", settings_to_json(document.settings)},
                {"ranges", std::move(ranges)},
                {"progress",
                 {{"range", p.range},
                  {"next", p.next.value()},
                  {"part", p.part},
                  {"formatState", p.format_state}}}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

result<run_document> run_document_from_json(std::string_view text)
{
    try {
        const auto j = json::parse(text);
        if (j.at("version") != document_version) {
            return export_failure(
                export_errc::bad_document,
                "a stored export run has a format of a newer version: start that version");
        }
        run_document out{.run = run_from_json(j.at("run"))};
        out.settings = settings_from_json(j.at("settings"), out.run.dataset);
        for (const auto& r : j.at("ranges")) {
            out.ranges.push_back({partition_id{r.at("partition").get<std::uint32_t>()},
                                  offset{r.at("first").get<std::uint64_t>()},
                                  offset{r.at("end").get<std::uint64_t>()}});
        }
        const auto& p = j.at("progress");
        out.progress = {.range = p.at("range"),
                        .next = offset{p.at("next").get<std::uint64_t>()},
                        .part = p.at("part"),
                        .format_state = p.at("formatState")};
        return out;
    } catch (const std::exception& ex) {
        return export_failure(
            export_errc::bad_document,
            fmt::format("a stored export run can't be read ({}): the store is damaged or was "
                        "written by another program",
                        ex.what()));
    }
}

std::string run_to_json(const flow_run& run)
{
    return run_as_json(run).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::uint64_t planned_rows(const run_document& document)
{
    std::uint64_t total = 0;
    for (const auto& r : document.ranges) total += r.end - r.first;
    return total;
}

bool is_finished(const flow_run& run)
{
    return run.state == run_state::succeeded;
}

}  // namespace sluice::batch
