// Tabular: the declarations of these settings; how they are read stands in schema/.
#include "config/settings_exports.hpp"

#include "config/schema/declarations.hpp"
#include "config/time_text.hpp"

namespace sluice::config {
namespace {

void check_export(binding& in, const node& value, const export_settings& job)
{
    std::optional<wall_time> start;
    std::optional<wall_time> end;
    const auto read_time = [&](std::string_view key, const std::optional<std::string>& text) {
        std::optional<wall_time> time;
        if (text && !(time = parse_time(*text))) {
            in.error_at(value, key, fmt::format("is '{}', not an RFC 3339 time", *text),
                        "write it as 2026-01-31T00:00:00Z");
        }
        return time;
    };
    start = read_time("start_at", job.start_at);
    end = read_time("end_at", job.end_at);
    if (start && end && *end <= *start) {
        in.error_at(value, "end_at", "has to be later than start_at");
    }
    if (job.format == export_format::ndjson && job.compression == export_compression::snappy) {
        in.error_at(value, "compression", "can't be snappy for ndjson files",
                    "use automatic, none, gzip or zstd");
    }
    const node* directory = value.find("directory");
    if (directory != nullptr && job.directory.empty()) {
        in.error_at(value, "directory", "is empty", "name the folder that receives the files");
    }
    if (job.file_name.find('/') != std::string::npos) {
        in.error_at(value, "file_name", "can't contain '/'", "put folders into 'folder'");
    }
}

}  // namespace

template <>
const std::vector<std::string_view>& choices_of<export_format>()
{
    static const std::vector<std::string_view> names{"parquet", "ndjson"};
    return names;
}

template <>
const std::vector<std::string_view>& choices_of<export_compression>()
{
    static const std::vector<std::string_view> names{"automatic", "none", "gzip", "zstd", "snappy"};
    return names;
}

template <>
const object_shape& schema_of<manifest_settings>()
{
    using m = manifest_settings;
    static const object_shape shape =
        object_schema<m>("manifest")
            .field("enabled", &m::enabled,
                   {.help = "Write a manifest with counts and checksums after the files"})
            .field("path", &m::path,
                   {.help = "Folder template of the manifest; by default beside the data"})
            .build();
    return shape;
}

template <>
const object_shape& schema_of<export_settings>()
{
    using e = export_settings;
    static const object_shape shape =
        object_schema<e>("export")
            .field("dataset", &e::dataset, {.help = "Dataset to export", .required = true})
            .field("description", &e::description, {.help = "For people"})
            .field("enabled", &e::enabled, {.help = "false: only on demand"})
            .field("directory", &e::directory,
                   {.help = "Local folder that receives the files",
                    .required = true,
                    .example = "./exports"})
            .field("folder", &e::folder, {.help = "Template of the folder of one run"})
            .field("file_name", &e::file_name, {.help = "Template of file names, without ending"})
            .field("format", &e::format, {.help = "File format"})
            .field("compression", &e::compression,
                   {.help = "automatic: zstd for parquet, gzip for ndjson"})
            .field("interval", &e::interval,
                   {.help = "Time between runs; without it the export runs only on demand",
                    .min = seconds,
                    .max = 366 * days,
                    .example = "1h"})
            .field("start_at", &e::start_at,
                   {.help = "RFC 3339 time; windows are aligned to it",
                    .example = "2026-01-01T00:00:00Z"})
            .field("end_at", &e::end_at, {.help = "RFC 3339 time after which no window begins"})
            .field("rows_per_file_max", &e::rows_per_file_max,
                   {.help = "A file is closed at this many events", .min = 1, .max = 1e9})
            .field("bytes_per_file_target", &e::bytes_per_file_target,
                   {.help = "A file is closed near this size",
                    .min = 64 * kib,
                    .max = 64 * gib,
                    .is_bytes = true})
            .field("buffer_bytes_max", &e::buffer_bytes_max,
                   {.help = "Memory for rows of an open file",
                    .min = mib,
                    .max = 64 * gib,
                    .is_bytes = true})
            .field("manifest", &e::manifest, {.help = "The list of the files of a run"})
            .check(check_export)
            .build();
    return shape;
}

}  // namespace sluice::config
