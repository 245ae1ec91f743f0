#include "batch/file_layout.hpp"

#include <array>
#include <ctime>

#include "batch/export_error.hpp"

namespace sluice::batch {
namespace {

constexpr std::size_t name_bytes_max = 255;   // of one path component, as file systems have it
constexpr std::size_t path_bytes_max = 1024;  // as object stores have it

constexpr std::array<std::string_view, 11> macro_names{
    "DATASET_NAME", "DATASET_ID",  "DESTINATION", "EXPORT_TIME", "DATETIME",        "PARTITION",
    "FIRST_OFFSET", "LAST_OFFSET", "PART",        "RUN_ID",      "DESTINATION_NAME"};

std::tm utc_fields(wall_time time)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    const std::time_t value = seconds;
    std::tm fields{};
    gmtime_r(&value, &fields);
    return fields;
}

/// The letters that DATETIME knows: YYYY (or yyyy) MM dd (or DD) HH mm ss; anything else stands for
/// itself.
std::string format_datetime(const std::string& pattern, wall_time time)
{
    const auto t = utc_fields(time);
    std::string out;
    for (std::size_t i = 0; i < pattern.size();) {
        const auto rest = std::string_view(pattern).substr(i);
        const auto two = rest.substr(0, 2);
        if (rest.starts_with("YYYY") || rest.starts_with("yyyy")) {
            out += fmt::format("{:04}", t.tm_year + 1900);
            i += 4;
        } else if (two == "MM") {
            out += fmt::format("{:02}", t.tm_mon + 1), i += 2;
        } else if (two == "dd" || two == "DD") {
            out += fmt::format("{:02}", t.tm_mday), i += 2;
        } else if (two == "HH") {
            out += fmt::format("{:02}", t.tm_hour), i += 2;
        } else if (two == "mm") {
            out += fmt::format("{:02}", t.tm_min), i += 2;
        } else if (two == "ss") {
            out += fmt::format("{:02}", t.tm_sec), i += 2;
        } else {
            out += pattern[i++];
        }
    }
    return out;
}

/// A value may not make folders, leave the directory or hide a file: what could is percent-encoded.
std::string safe_value(std::string_view value)
{
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto byte = static_cast<unsigned char>(value[i]);
        const bool is_leading_dot = value[i] == '.' && i == 0;
        if (byte < 0x20 || byte == 0x7f || value[i] == '/' || value[i] == '\\' || value[i] == '%' ||
            is_leading_dot) {
            out += fmt::format("%{:02X}", byte);
        } else {
            out += value[i];
        }
    }
    return out;
}

std::string macro_value(const std::string& macro, const std::string& argument,
                        const layout_values& v)
{
    if (macro == "DATASET_NAME" || macro == "DATASET_ID") return safe_value(v.dataset);
    if (macro == "DESTINATION" || macro == "DESTINATION_NAME") return safe_value(v.export_name);
    if (macro == "EXPORT_TIME") return "exportTime=" + format_datetime("YYYYMMddHHmm", v.boundary);
    if (macro == "DATETIME") return format_datetime(argument, v.boundary);
    if (macro == "PARTITION") return fmt::format("{:05}", v.partition.value());
    if (macro == "FIRST_OFFSET") return fmt::format("{:020}", v.first.value());
    if (macro == "LAST_OFFSET") return fmt::format("{:020}", v.last.value());
    if (macro == "PART") return fmt::format("{:05}", v.part);
    return safe_value(v.run_id);
}

failure bad_path(std::string text)
{
    return export_failure(export_errc::bad_settings, std::move(text));
}

/// One clean relative path: no empty, `.` or `..` component, none too long.
result<std::string> checked_path(const std::string& raw)
{
    std::string out;
    for (std::size_t at = 0; at <= raw.size();) {
        const auto slash = std::min(raw.find('/', at), raw.size());
        const auto name = std::string_view(raw).substr(at, slash - at);
        at = slash + 1;
        if (name.empty()) continue;
        if (name == "." || name == "..") {
            return bad_path(
                fmt::format("the path '{}' leaves the export's directory: remove '{}'", raw, name));
        }
        if (name.size() > name_bytes_max) {
            return bad_path(
                fmt::format("a name of {} bytes in the path is longer than {}: shorten the "
                            "template or the dataset's name",
                            name.size(), name_bytes_max));
        }
        if (!out.empty()) out += '/';
        out += name;
    }
    if (out.size() > path_bytes_max) {
        return bad_path(fmt::format("the path has {} bytes, more than {}: shorten the template",
                                    out.size(), path_bytes_max));
    }
    return out;
}

layout_values sample_values(const std::string& export_name, const std::string& dataset)
{
    return {.dataset = dataset, .export_name = export_name, .run_id = export_name + "-sample"};
}

}  // namespace

std::string file_extension(config::export_format format, config::export_compression compression)
{
    using config::export_compression;
    if (format == config::export_format::parquet) return ".parquet";
    if (compression == export_compression::none) return ".json";
    return compression == export_compression::zstd ? ".json.zst" : ".json.gz";
}

result<file_layout::path_template> file_layout::parse(const std::string& text, const char* key)
{
    path_template out;
    std::string literal;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (static_cast<unsigned char>(text[i]) < 0x20) {
            return bad_path(fmt::format("{} holds a control character: remove it", key));
        }
        if (text[i] != '%') {
            literal += text[i];
            continue;
        }
        const auto close = text.find('%', i + 1);
        if (close == std::string::npos) {
            return bad_path(fmt::format("{} has a macro without its closing %", key));
        }
        auto name = text.substr(i + 1, close - i - 1);
        std::string argument;
        if (const auto open = name.find('('); open != std::string::npos && name.ends_with(')')) {
            argument = name.substr(open + 1, name.size() - open - 2);
            name.resize(open);
        }
        if (std::find(macro_names.begin(), macro_names.end(), name) == macro_names.end()) {
            return bad_path(fmt::format("{} uses the unknown macro %{}%: known are {}", key, name,
                                        fmt::join(macro_names, ", ")));
        }
        if ((name == "DATETIME") == argument.empty()) {
            return bad_path(
                fmt::format("{}: write %DATETIME(YYYYMMdd_HHmmss)% with a pattern, other "
                            "macros without one",
                            key));
        }
        if (argument.find('/') != std::string::npos) {
            return bad_path(
                fmt::format("{}: a DATETIME pattern may not hold '/': use several macros", key));
        }
        if (!literal.empty()) out.push_back({.literal = std::exchange(literal, {})});
        out.push_back({.macro = name, .argument = argument});
        i = close;
    }
    if (!literal.empty()) out.push_back({.literal = literal});
    return out;
}

std::string file_layout::render(const path_template& path, const layout_values& values)
{
    std::string out;
    for (const auto& p : path) {
        out += p.macro.empty() ? p.literal : macro_value(p.macro, p.argument, values);
    }
    return out;
}

bool file_layout::uses(const path_template& path, const char* macro)
{
    return std::any_of(path.begin(), path.end(), [&](const piece& p) { return p.macro == macro; });
}

result<file_layout> file_layout::make(const std::string& export_name,
                                      const config::export_settings& settings)
{
    file_layout out;
    out.extension_ = file_extension(settings.format, settings.compression);
    auto folder = parse(settings.folder, "folder");
    if (!folder) return folder.error();
    auto name = parse(settings.file_name, "file_name");
    if (!name) return name.error();
    auto manifest = parse(settings.manifest.path.value_or(settings.folder), "manifest.path");
    if (!manifest) return manifest.error();
    if (settings.file_name.find('/') != std::string::npos || settings.file_name.empty()) {
        return bad_path("file_name must be one name without '/': put folders into `folder`");
    }
    out.data_ = *folder;
    out.data_.push_back({.literal = "/"});
    out.data_.insert(out.data_.end(), name->begin(), name->end());
    const bool by_position = uses(out.data_, "PARTITION") &&
                             (uses(out.data_, "FIRST_OFFSET") || uses(out.data_, "LAST_OFFSET"));
    const bool by_part = uses(out.data_, "RUN_ID") && uses(out.data_, "PART");
    if (!by_position && !by_part) {
        return bad_path(
            "two files could get the same name: add %PARTITION% and %FIRST_OFFSET%, or %RUN_ID% "
            "and %PART%, to file_name");
    }
    // The manifest covers the whole run: its folder ends before the first part that differs by
    // file.
    for (auto& p : *manifest) {
        const bool differs_by_file = p.macro == "PARTITION" || p.macro == "FIRST_OFFSET" ||
                                     p.macro == "LAST_OFFSET" || p.macro == "PART";
        if (differs_by_file && settings.manifest.path) {
            return bad_path(
                fmt::format("manifest.path uses %{}%, but one manifest covers all files of a run: "
                            "remove it",
                            p.macro));
        }
        if (differs_by_file) break;
        out.manifest_folder_.push_back(std::move(p));
    }
    // A trial with extreme values finds what would fail in the first run.
    auto sample = sample_values(export_name, settings.dataset);
    auto data = out.data_path(sample);
    if (!data) return data.error();
    auto trial = out.manifest_path(sample);
    if (!trial) return trial.error();
    return out;
}

result<std::string> file_layout::data_path(const layout_values& values) const
{
    return checked_path(render(data_, values) + extension_);
}

result<std::string> file_layout::manifest_path(const layout_values& values) const
{
    auto folder = render(manifest_folder_, values);
    // A cut-off template may end inside a name: only whole folders count.
    const auto slash = folder.rfind('/');
    const bool ends_whole = manifest_folder_.empty() || folder.ends_with('/') ||
                            !manifest_folder_.back().macro.empty() || slash == std::string::npos;
    if (!ends_whole) folder.resize(slash);
    return checked_path(folder + "/manifest-" + safe_value(values.run_id) + ".json");
}

result<void> check_layouts(const std::map<std::string, config::export_settings>& exports)
{
    std::map<std::string, std::string> owners;
    for (const auto& [name, settings] : exports) {
        if (!settings.enabled) continue;
        auto layout = file_layout::make(name, settings);
        if (!layout) {
            auto f = layout.error();
            f.message = fmt::format("export '{}': {}", name, f.message);
            return f;
        }
        auto path = layout->data_path(sample_values(name, settings.dataset));
        if (!path) return path.error();
        const auto [owner, is_new] = owners.emplace(settings.directory + "/" + *path, name);
        if (!is_new) {
            return bad_path(
                fmt::format("exports '{}' and '{}' could write the same file: add %DATASET_NAME% "
                            "or %DESTINATION% to `folder`, or give them different directories",
                            owner->second, name));
        }
    }
    return {};
}

}  // namespace sluice::batch
