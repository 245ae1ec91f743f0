#pragma once
// Where the files of an export go: the templates `folder`, `file_name` and `manifest.path` with
// their macros. Times are the boundary of the window, never the wall clock, and data files are told
// apart by positions, so a repeated run writes the same names. Immutable.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/clock.hpp"
#include "config/named_type.hpp"
#include "config/result.hpp"
#include "config/settings_exports.hpp"

namespace sluice::batch {

/// What the macros stand for.
struct layout_values {
    std::string dataset;
    std::string export_name;
    std::string run_id;
    wall_time boundary{};
    partition_id partition;
    offset first;
    offset last;
    std::uint32_t part = 0;  ///< number of the file within its run, from 0
};

class file_layout {
public:
    /// Refuses unknown macros, paths that leave the directory, and templates with which two files
    /// could get one name: a data file needs %PARTITION% with %FIRST_OFFSET% or %LAST_OFFSET%, or
    /// %RUN_ID% with %PART%.
    static result<file_layout> make(const std::string& export_name,
                                    const config::export_settings& settings);

    /// Relative to the directory of the export, with the extension of its format.
    [[nodiscard]] result<std::string> data_path(const layout_values& values) const;
    [[nodiscard]] result<std::string> manifest_path(const layout_values& values) const;

private:
    /// A literal (macro empty) or a macro with its argument.
    struct piece {
        std::string literal;
        std::string macro;
        std::string argument;
    };
    using path_template = std::vector<piece>;

    static result<path_template> parse(const std::string& text, const char* key);
    static std::string render(const path_template& path, const layout_values& values);
    static bool uses(const path_template& path, const char* macro);

    path_template data_;
    path_template manifest_folder_;
    std::string extension_;
};

/// Refuses two enabled exports that could write the same file.
[[nodiscard]] result<void> check_layouts(
    const std::map<std::string, config::export_settings>& exports);

/// `.parquet`, `.json`, `.json.gz` or `.json.zst`.
[[nodiscard]] std::string file_extension(config::export_format format,
                                         config::export_compression compression);

}  // namespace sluice::batch
