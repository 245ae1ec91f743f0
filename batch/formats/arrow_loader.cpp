#include "batch/formats/arrow_loader.hpp"

#include <dlfcn.h>

#include <filesystem>

#include "batch/export_error.hpp"

namespace sluice::batch {
namespace {

namespace fs = std::filesystem;

constexpr const char* module_file = "libsluice_arrow.so";
constexpr const char* missing_module = "this build has no Arrow module";

std::vector<fs::path> candidate_paths()
{
    std::vector<fs::path> out;
    std::error_code ec;
    const auto program = fs::read_symlink("/proc/self/exe", ec);
    if (!ec) {
        const auto folder = program.parent_path();
        out = {folder / module_file, folder.parent_path() / module_file,
               folder.parent_path() / "lib" / "sluice" / module_file};
    }
#ifdef SLUICE_ARROW_MODULE_DIR
    out.push_back(fs::path(SLUICE_ARROW_MODULE_DIR) / module_file);
#endif
    return out;
}

failure unavailable(const std::string& why)
{
    return export_failure(
        export_errc::unavailable,
        fmt::format("Parquet is not available: {}. Run `make deps` and build again so that "
                    "{} lies beside the program, or use `format: ndjson`",
                    why, module_file));
}

result<const arrow_module*> load()
{
    std::string why = missing_module;
    for (const auto& path : candidate_paths()) {
        std::error_code ec;
        if (!fs::exists(path, ec)) continue;
        // Local: the module's copies of OpenSSL and simdjson must stay its own. Never closed: Arrow
        // keeps threads and thread-local state.
        void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) {
            const char* text = ::dlerror();
            why = text != nullptr ? text : "unknown error of the loader";
            continue;
        }
        const auto entry =
            reinterpret_cast<arrow_module_entry>(::dlsym(handle, "sluice_arrow_module"));
        if (entry == nullptr) {
            why = fmt::format("'{}' is no Arrow module of Sluice", path.string());
            continue;
        }
        if (const auto* module = entry(arrow_module_version)) return module;
        why = fmt::format("'{}' belongs to another version of Sluice", path.string());
    }
    return unavailable(why);
}

}  // namespace

result<void> find_arrow_module()
{
    for (const auto& path : candidate_paths()) {
        std::error_code ec;
        if (fs::exists(path, ec)) return {};
    }
    return unavailable(missing_module);
}

result<const arrow_module*> load_arrow()
{
    static const result<const arrow_module*> module = load();
    return module;
}

result<void> read_parquet_file(const std::string& path,
                               const std::function<bool(std::string_view json)>& row)
{
    const auto module = load_arrow();
    if (!module) return module.error();
    if (auto why = (*module)->read(path, row); !why.empty()) {
        return export_failure(export_errc::format, fmt::format("can't read '{}': {}", path, why));
    }
    return {};
}

}  // namespace sluice::batch
