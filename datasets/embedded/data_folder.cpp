#include "datasets/embedded/data_folder.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "datasets/crc32c.hpp"
#include "datasets/embedded/rocks_store.hpp"
#include "datasets/log_error.hpp"
#include "datasets/wire.hpp"

namespace sluice::datasets::embedded {

namespace fs = std::filesystem;

namespace {

constexpr int format_version = 1;
constexpr std::string_view format_name = "sluice-log ";
constexpr std::uint32_t marks_magic = 0x4d484c53;  // "SLHM"

failure folder_failure(log_errc code, const std::string& text)
{
    return {make_error_code(code), text};
}

/// Written to the side, synced, renamed: the file is the old one or the new one, never half of
/// either.
rocksdb::Status write_file_synced(rocksdb::Env& env, const std::string& path,
                                  const std::string& content)
{
    const auto side = path + ".new";
    std::unique_ptr<rocksdb::WritableFile> file;
    auto status = env.NewWritableFile(side, &file, rocksdb::EnvOptions());
    if (status.ok()) status = file->Append(content);
    if (status.ok()) status = file->Fsync();
    if (status.ok()) status = file->Close();
    if (status.ok()) status = env.RenameFile(side, path);
    return status.ok() ? sync_folder(env, fs::path(path).parent_path()) : status;
}

std::string read_file(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A folder that is new has a name that a power cut forgets. What fails here fails again, and with
/// a better text, when the first file is written.
void make_folder_durable(rocksdb::Env& env, const std::string& path)
{
    std::error_code ec;
    const auto absolute = fs::absolute(path, ec).lexically_normal();
    auto missing = absolute;
    while (!fs::exists(missing, ec) && missing.has_relative_path()) {
        missing = missing.parent_path();
    }
    fs::create_directories(absolute, ec);
    for (auto at = absolute; at != missing && at.has_relative_path(); at = at.parent_path()) {
        sync_folder(env, at.parent_path()).PermitUncheckedError();
    }
}

/// The second line sums the first, so that a damaged byte is not taken for a newer program's
/// folder.
std::string format_text(int version)
{
    auto line = fmt::format("{}{}\n", format_name, version);
    return line + fmt::format("crc32c {:08x}\n", crc32c(0, line));
}

/// False: absent or damaged, and to be written anew.
result<bool> check_version(const std::string& path)
{
    auto text = read_file(path + "/FORMAT");
    const auto line = text.substr(0, text.find('\n'));
    int version = 0;
    if (text.starts_with(format_name)) version = std::atoi(text.c_str() + format_name.size());
    if (version == format_version) return text == format_text(version);
    const bool is_whole = text == format_text(version) || text == line + "\n";
    if (text.empty() || !is_whole || version == 0) {
        if (!text.empty()) spdlog::warn("store: the file FORMAT is damaged and written anew");
        return false;
    }
    return folder_failure(
        log_errc::newer_format,
        fmt::format("the data folder {} has format `{}`, this program reads `{}{}`; run "
                    "the version that wrote it, or set `data_dir` to another folder",
                    path, line, format_name, format_version));
}

}  // namespace

data_folder::~data_folder()
{
    if (lock_ >= 0) ::close(lock_);
}

data_folder::data_folder(data_folder&& other) noexcept
    : path_(std::move(other.path_)), env_(other.env_), lock_(std::exchange(other.lock_, -1))
{
}

result<data_folder> data_folder::open(const std::string& path, bool is_read_only, rocksdb::Env* env)
{
    data_folder folder;
    folder.path_ = path;
    folder.env_ = env;
    if (is_read_only) {
        if (!fs::exists(folder.store_path())) {
            return folder_failure(
                log_errc::io,
                "there is no log in " + path + "; check `data_dir`, or start the gateway once");
        }
        auto version = check_version(path);
        if (!version) return version.error();
        return folder;
    }
    make_folder_durable(*env, path);
    folder.lock_ = ::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (folder.lock_ < 0) {
        return folder_failure(
            log_errc::io, fmt::format("the data folder {0} cannot be used: {0}/lock: {1}; give the "
                                      "user of the gateway write access or change `data_dir`",
                                      path, std::generic_category().message(errno)));
    }
    if (::flock(folder.lock_, LOCK_EX | LOCK_NB) != 0) {
        return folder_failure(log_errc::locked,
                              "another process uses the data folder " + path +
                                  "; stop it, or give this one a `data_dir` of its own");
    }
    auto is_marked = check_version(path);
    if (!is_marked) return is_marked.error();
    if (!*is_marked) {
        auto status = write_file_synced(*env, path + "/FORMAT", format_text(format_version));
        if (!status.ok()) {
            return folder_failure(log_errc::io, "the data folder " + path +
                                                    " cannot be written: " + status.ToString());
        }
    }
    return folder;
}

std::string data_folder::quarantine_path(std::string_view time) const
{
    auto base = fmt::format("{}/quarantine/{}", path_, time);
    auto path = base;
    for (int n = 2; fs::exists(path); ++n) path = fmt::format("{}-{}", base, n);
    return path;
}

std::uint64_t data_folder::free_bytes() const
{
    struct statvfs info {};
    if (::statvfs(path_.c_str(), &info) != 0) return UINT64_MAX;
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

std::uint64_t data_folder::disk_bytes() const
{
    struct statvfs info {};
    if (::statvfs(path_.c_str(), &info) != 0) return 0;
    return static_cast<std::uint64_t>(info.f_blocks) * info.f_frsize;
}

bool data_folder::is_mending() const
{
    std::error_code ec;
    return fs::exists(path_ + "/mending", ec);
}

result<void> data_folder::set_mending(bool is_mending) const
{
    const auto name = path_ + "/mending";
    rocksdb::Status status;
    if (is_mending) {
        status = write_file_synced(*env_, name, "the store is being checked\n");
    } else if (this->is_mending()) {
        status = env_->DeleteFile(name);
        if (status.ok()) status = sync_folder(*env_, path_);
    }
    if (status.ok()) return {};
    return folder_failure(log_errc::io,
                          "the data folder " + path_ + " cannot be written: " + status.ToString());
}

data_folder::marks data_folder::read_high_marks() const
{
    marks out;
    auto content = read_file(path_ + "/high_marks");
    if (content.empty()) return out;
    wire::reader in(content);
    bool is_good = in.get<std::uint32_t>() == marks_magic && in.get<std::uint32_t>() == 1;
    auto count = in.get<std::uint32_t>();
    for (std::uint32_t i = 0; is_good && i < count && in.is_good(); ++i) {
        partition_number number;
        number.dataset = in.get<std::uint32_t>();
        number.partition = in.get<std::uint32_t>();
        out[number] = in.get<std::uint64_t>();
    }
    auto crc = in.get<std::uint32_t>();
    if (!is_good || !in.is_at_end() ||
        crc != crc32c(0, std::string_view(content).substr(0, content.size() - sizeof crc))) {
        spdlog::warn("store: the side file high_marks is damaged and ignored");
        out.clear();
    }
    return out;
}

result<void> data_folder::write_high_marks(const marks& ends) const
{
    std::string content;
    wire::put(content, marks_magic);
    wire::put(content, std::uint32_t{1});
    wire::put(content, static_cast<std::uint32_t>(ends.size()));
    for (const auto& [number, end] : ends) {
        wire::put(content, number.dataset);
        wire::put(content, number.partition);
        wire::put(content, end);
    }
    wire::put(content, crc32c(0, content));
    auto status = write_file_synced(*env_, path_ + "/high_marks", content);
    if (!status.ok()) {
        return folder_failure(log_errc::io,
                              "high_marks could not be written: " + status.ToString());
    }
    return {};
}

}  // namespace sluice::datasets::embedded
