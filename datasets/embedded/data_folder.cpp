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
bool write_file_synced(const std::string& path, const std::string& content)
{
    const auto side = path + ".new";
    int fd = ::open(side.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    bool is_good =
        ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
    is_good = ::fsync(fd) == 0 && is_good;
    ::close(fd);
    if (!is_good || std::rename(side.c_str(), path.c_str()) != 0) return false;
    int folder = ::open(fs::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return false;
    is_good = ::fsync(folder) == 0;
    ::close(folder);
    return is_good;
}

std::string read_file(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// 0 when the text is none of ours.
int version_of(const std::string& text)
{
    if (!text.starts_with(format_name)) return 0;
    const auto digits = text.substr(format_name.size());
    const auto end = digits.find_first_not_of("0123456789");
    if (end == 0 || end != digits.size() - 1 || digits[end] != '\n') return 0;
    return std::atoi(digits.c_str());
}

result<void> check_version(const std::string& path)
{
    auto text = read_file(path + "/FORMAT");
    const int version = version_of(text);
    // damage is no reason not to start: what is stored carries versions of its own
    if (version == format_version || version == 0) return {};
    return folder_failure(
        log_errc::newer_format,
        fmt::format("the data folder {} has format `{}`, this program reads `{}{}`; run "
                    "the version that wrote it, or set `data_dir` to another folder",
                    path, text.substr(0, text.find('\n')), format_name, format_version));
}

}  // namespace

data_folder::~data_folder()
{
    if (lock_ >= 0) ::close(lock_);
}

data_folder::data_folder(data_folder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1))
{
}

result<data_folder> data_folder::open(const std::string& path, bool is_read_only)
{
    data_folder folder;
    folder.path_ = path;
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
    std::error_code ec;
    fs::create_directories(path, ec);
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
    auto version = check_version(path);
    if (!version) return version.error();
    const auto format = read_file(path + "/FORMAT");
    if (version_of(format) == 0 && fs::exists(path + "/FORMAT")) {
        spdlog::error("store: the version file {}/FORMAT is damaged and is written anew", path);
    }
    if (version_of(format) == 0 &&
        !write_file_synced(path + "/FORMAT", fmt::format("{}{}\n", format_name, format_version))) {
        return folder_failure(log_errc::io, "the data folder " + path + " cannot be written: " +
                                                std::generic_category().message(errno));
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
    if (!write_file_synced(path_ + "/high_marks", content)) {
        return folder_failure(log_errc::io, "high_marks could not be written: " +
                                                std::generic_category().message(errno));
    }
    return {};
}

}  // namespace sluice::datasets::embedded
