#include "batch/storage/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "batch/export_error.hpp"

namespace sluice::batch {
namespace {

namespace fs = std::filesystem;

failure storage_failure(const char* what, const fs::path& path, int error)
{
    return export_failure(
        export_errc::storage,
        fmt::format("can't {} '{}': {}; check that the folder exists, is writable by this "
                    "user and has space",
                    what, path.string(), std::strerror(error)));
}

/// A file descriptor that closes itself.
class file_handle {
public:
    explicit file_handle(int fd = -1) : fd_(fd) {}
    ~file_handle() { close(); }
    file_handle(const file_handle&) = delete;
    file_handle& operator=(const file_handle&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }
    void close() noexcept
    {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_;
};

result<void> sync_folder(const fs::path& folder)
{
    const file_handle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (handle.get() < 0) return storage_failure("open folder", folder, errno);
    if (::fsync(handle.get()) != 0) return storage_failure("sync folder", folder, errno);
    return {};
}

/// Makes the missing folders of `path` under `root`; each new name is made durable in its parent.
result<void> make_folders(const fs::path& root, const fs::path& path)
{
    auto current = root;
    for (const auto& name : path) {
        const auto parent = current;
        current /= name;
        if (::mkdir(current.c_str(), 0777) == 0) {
            if (auto synced = sync_folder(parent); !synced) return synced;
        } else if (errno != EEXIST) {
            return storage_failure("make folder", current, errno);
        }
    }
    return {};
}

class directory_upload final : public upload {
public:
    directory_upload(fs::path root, fs::path scratch, int fd)
        : root_(std::move(root)), scratch_(std::move(scratch)), file_(fd)
    {
    }
    ~directory_upload() override
    {
        file_.close();
        if (!is_published_) ::unlink(scratch_.c_str());
    }

    result<void> write(std::string_view bytes) override
    {
        while (!bytes.empty()) {
            const auto count = ::write(file_.get(), bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return storage_failure("write", scratch_, errno);
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return {};
    }

    result<void> publish(const std::string& path) override
    {
        if (::fsync(file_.get()) != 0) return storage_failure("sync", scratch_, errno);
        file_.close();
        const auto target = root_ / path;
        if (auto made = make_folders(root_, fs::path(path).parent_path()); !made) return made;
        if (::rename(scratch_.c_str(), target.c_str()) != 0) {
            return storage_failure("rename to", target, errno);
        }
        is_published_ = true;
        return sync_folder(target.parent_path());
    }

private:
    fs::path root_;
    fs::path scratch_;
    file_handle file_;
    bool is_published_ = false;
};

}  // namespace

result<std::unique_ptr<directory_storage>> directory_storage::open(const std::string& directory)
{
    if (directory.empty()) {
        return export_failure(export_errc::bad_settings,
                              "directory is empty: name the folder for the files");
    }
    std::error_code ec;
    const auto root = fs::absolute(directory, ec);
    fs::create_directories(root, ec);
    if (ec) return storage_failure("make folder", root, ec.value());
    if (::access(root.c_str(), W_OK | X_OK) != 0)
        return storage_failure("write to folder", root, errno);
    return std::unique_ptr<directory_storage>(new directory_storage(root));
}

result<std::unique_ptr<upload>> directory_storage::begin(const std::string& scratch_name)
{
    const auto scratch = root_ / ("." + scratch_name + ".tmp");
    const int fd = ::open(scratch.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return storage_failure("create", scratch, errno);
    return std::unique_ptr<upload>(std::make_unique<directory_upload>(root_, scratch, fd));
}

result<std::unique_ptr<storage>> open_storage(const config::export_settings& settings)
{
    auto opened = directory_storage::open(settings.directory);
    if (!opened) return opened.error();
    return std::unique_ptr<storage>(std::move(*opened));
}

}  // namespace sluice::batch
