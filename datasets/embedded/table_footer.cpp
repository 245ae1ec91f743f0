#include "datasets/embedded/table_footer.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

namespace sluice::datasets::embedded {

namespace {

// https://github.com/facebook/rocksdb/wiki/Rocksdb-BlockBasedTable-Format: checksum type, handles
// of the meta index and of the index (padded), version, magic number
constexpr std::size_t footer_bytes = 53;
constexpr std::string_view magic("\xf7\xcf\xf4\x85\xb7\x41\xe2\x88", 8);
constexpr std::string_view properties_key = "rocksdb.properties";
constexpr std::uint64_t meta_index_bytes_max = 64 * 1024;
constexpr unsigned char hash_index_bit = 0x80;

class open_file {
public:
    open_file(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags)) {}
    ~open_file()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] std::string read(std::uint64_t at, std::uint64_t bytes) const
    {
        std::string out(bytes, '\0');
        const auto got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(at));
        out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return out;
    }

private:
    int fd_;
};

struct handle {
    std::uint64_t at = 0;
    std::uint64_t bytes = 0;
};

/// Takes a number of seven bits a byte off the front.
std::optional<std::uint64_t> take_number(std::string_view& from)
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(from.front());
        from.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    return std::nullopt;
}

std::optional<handle> take_handle(std::string_view& from)
{
    const auto at = take_number(from);
    const auto bytes = take_number(from);
    if (!at || !bytes) return std::nullopt;
    return handle{*at, *bytes};
}

/// Entries of the meta index: shared and own bytes of the key, bytes of the value, key, value.
std::optional<handle> find_properties(std::string_view meta_index)
{
    while (!meta_index.empty()) {
        const auto shared = take_number(meta_index);
        const auto own = take_number(meta_index);
        const auto bytes = take_number(meta_index);
        if (!shared || !own || !bytes || *own > meta_index.size()) return std::nullopt;
        const auto key = meta_index.substr(0, *own);
        meta_index.remove_prefix(*own);
        if (*bytes > meta_index.size()) return std::nullopt;
        auto value = meta_index.substr(0, *bytes);
        meta_index.remove_prefix(*bytes);
        if (*shared == 0 && key == properties_key) return take_handle(value);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> find_properties_end(const std::filesystem::path& table)
{
    std::error_code ec;
    const auto size = std::filesystem::file_size(table, ec);
    const open_file file(table, O_RDONLY | O_CLOEXEC);
    if (ec || size < footer_bytes || file.fd() < 0) return std::nullopt;
    const auto footer = file.read(size - footer_bytes, footer_bytes);
    if (!footer.ends_with(magic)) return std::nullopt;
    auto handles = std::string_view(footer).substr(1);
    const auto meta = take_handle(handles);
    if (!meta || meta->at > size || meta->bytes > std::min(size - meta->at, meta_index_bytes_max)) {
        return std::nullopt;
    }
    const auto found = find_properties(file.read(meta->at, meta->bytes));
    if (!found || found->bytes < sizeof(std::uint32_t) || found->at > size ||
        found->bytes > size - found->at) {
        return std::nullopt;
    }
    return found->at + found->bytes - 1;
}

std::size_t check_properties(const std::filesystem::path& store, bool mends)
{
    std::size_t found = 0;
    std::error_code ec;
    for (const auto& item : std::filesystem::directory_iterator(store, ec)) {
        if (item.path().extension() != ".sst") continue;
        const auto at = find_properties_end(item.path());
        if (!at) continue;
        const open_file file(item.path(), (mends ? O_RDWR : O_RDONLY) | O_CLOEXEC);
        auto byte = file.read(*at, 1);
        if (byte.empty() || (static_cast<unsigned char>(byte[0]) & hash_index_bit) == 0) continue;
        ++found;
        spdlog::error("store: a bit of {} is damaged{}", item.path().filename().string(),
                      mends ? " and mended" : "");
        if (!mends) continue;
        byte[0] = static_cast<char>(static_cast<unsigned char>(byte[0]) & ~hash_index_bit);
        if (::pwrite(file.fd(), byte.data(), 1, static_cast<off_t>(*at)) != 1 ||
            ::fsync(file.fd()) != 0) {
            spdlog::error("store: {} can't be mended", item.path().filename().string());
        }
    }
    return found;
}

}  // namespace sluice::datasets::embedded
