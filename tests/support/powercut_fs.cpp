// A file system in memory that forgets what was not synced: `powercut_fs MOUNTPOINT`. Every file
// has a current and a durable image, every folder current and durable names. fsync and fdatasync
// copy the sectors written since, fsync of a folder copies its names. Writing "VARIANT SEED" to the
// file .powercut loses the power: what is durable becomes what there is. Variants, joined by `+`:
//   whole   everything unsynced is gone (always so for what the others do not keep)
//   torn    a random half of the unsynced 512-byte sectors is there, the rest reads as zeros
//   length  files have their durable length, whatever was kept behind it
//   names   new files, renames and removals that no folder sync followed have not happened
// One thread; the kernel caches nothing. Only for tests.

#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

namespace {

constexpr std::size_t sector_bytes = 512;
constexpr char control_name[] = ".powercut";

struct node;
using node_ptr = std::shared_ptr<node>;

struct node {
    bool is_folder = false;
    mode_t mode = 0;
    std::time_t changed = std::time(nullptr);
    ino_t number = 0;
    // a file
    std::string current;
    std::string durable;
    std::set<std::size_t> dirty;  ///< sectors written since the last sync
    // a folder
    std::map<std::string, node_ptr> names;
    std::map<std::string, node_ptr> durable_names;

    void touch(std::size_t from, std::size_t to)
    {
        for (auto s = from / sector_bytes; s * sector_bytes < to; ++s) dirty.insert(s);
        changed = std::time(nullptr);
    }

    void resize(std::size_t size)
    {
        const auto before = current.size();
        current.resize(size);
        touch(std::min(before, size), std::max(before, size));
    }

    void sync()
    {
        durable.resize(current.size());
        for (auto s : dirty) keep_sector(s);
        dirty.clear();
    }

    void keep_sector(std::size_t s)
    {
        const auto begin = s * sector_bytes;
        if (begin >= current.size()) return;
        const auto count = std::min(sector_bytes, current.size() - begin);
        if (durable.size() < begin + count) durable.resize(begin + count);
        durable.replace(begin, count, current, begin, count);
    }
};

struct cut_variant {
    bool is_torn = false;
    bool forgets_length = false;
    bool forgets_names = false;
};

class memory_disk {
public:
    memory_disk() : root_(make(true, 0755)) {}

    node_ptr make(bool is_folder, mode_t mode)
    {
        auto made = std::make_shared<node>();
        made->is_folder = is_folder;
        made->mode = mode & 07777;
        made->number = ++numbers_;
        return made;
    }

    node_ptr find(const std::string& path) const
    {
        node_ptr at = root_;
        for (std::size_t begin = 1; begin < path.size();) {
            auto end = std::min(path.find('/', begin), path.size());
            auto it = at->names.find(path.substr(begin, end - begin));
            if (it == at->names.end()) return nullptr;
            at = it->second;
            begin = end + 1;
        }
        return at;
    }

    /// The folder that holds the last name of `path`, and that name.
    std::pair<node_ptr, std::string> parent(const std::string& path) const
    {
        const auto slash = path.rfind('/');
        return {find(slash == 0 ? "/" : path.substr(0, slash)), path.substr(slash + 1)};
    }

    void cut(const cut_variant& variant, std::uint64_t seed)
    {
        std::mt19937_64 random(seed);
        std::set<node*> done;
        cut(*root_, variant, random, done);
    }

private:
    static void cut(node& at, const cut_variant& variant, std::mt19937_64& random,
                    std::set<node*>& done)
    {
        if (!done.insert(&at).second) return;
        if (!at.is_folder) return cut_file(at, variant, random);
        if (variant.forgets_names) at.names = at.durable_names;
        at.durable_names = at.names;
        for (auto& [name, child] : at.names) cut(*child, variant, random, done);
    }

    static void cut_file(node& file, const cut_variant& variant, std::mt19937_64& random)
    {
        const auto durable_size = file.durable.size();
        if (variant.is_torn) {
            for (auto s : file.dirty) {
                if (random() % 2 == 0) file.keep_sector(s);
            }
            if (file.durable.size() < file.current.size()) {
                file.durable.resize(file.current.size());
            }
        }
        if (variant.forgets_length) file.durable.resize(durable_size);
        file.current = file.durable;
        file.dirty.clear();
    }

    node_ptr root_;
    ino_t numbers_ = 0;
};

memory_disk disk;

node_ptr& handle(fuse_file_info* info)
{
    return *reinterpret_cast<node_ptr*>(info->fh);
}

node_ptr pick(const char* path, fuse_file_info* info)
{
    return info && info->fh ? handle(info) : disk.find(path);
}

bool is_control(const char* path)
{
    return path && std::string(path) == "/" + std::string(control_name);
}

int get_attributes(const char* path, struct stat* into, fuse_file_info* info)
{
    *into = {};
    auto at = is_control(path) ? disk.make(false, 0600) : pick(path, info);
    if (!at) return -ENOENT;
    into->st_ino = at->number;
    into->st_mode = at->mode | (at->is_folder ? S_IFDIR : S_IFREG);
    into->st_nlink = at->is_folder ? 2 : 1;
    into->st_uid = ::getuid();
    into->st_gid = ::getgid();
    into->st_size = static_cast<off_t>(at->current.size());
    into->st_blocks = static_cast<blkcnt_t>((at->current.size() + 511) / 512);
    into->st_mtim.tv_sec = into->st_ctim.tv_sec = into->st_atim.tv_sec = at->changed;
    return 0;
}

int read_folder(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
                fuse_readdir_flags)
{
    auto at = disk.find(path);
    if (!at) return -ENOENT;
    for (const char* name : {".", ".."}) fill(buffer, name, nullptr, 0, {});
    for (const auto& [name, child] : at->names) fill(buffer, name.c_str(), nullptr, 0, {});
    return 0;
}

int add(const char* path, const node_ptr& child)
{
    auto [folder, name] = disk.parent(path);
    if (!folder) return -ENOENT;
    return folder->names.emplace(name, child).second ? 0 : -EEXIST;
}

int make_folder(const char* path, mode_t mode)
{
    return add(path, disk.make(true, mode));
}

int open_file(const char* path, fuse_file_info* info)
{
    auto at = is_control(path) ? disk.make(false, 0600) : disk.find(path);
    if (!at) return -ENOENT;
    if (info->flags & O_TRUNC) at->resize(0);
    info->fh = reinterpret_cast<std::uint64_t>(new node_ptr(at));
    info->direct_io = 1;
    return 0;
}

int create_file(const char* path, mode_t mode, fuse_file_info* info)
{
    if (!is_control(path)) {
        int answer = add(path, disk.make(false, mode));
        if (answer != 0 && answer != -EEXIST) return answer;
    }
    return open_file(path, info);
}

int release_file(const char*, fuse_file_info* info)
{
    delete &handle(info);
    return 0;
}

int read_file(const char*, char* into, std::size_t count, off_t from, fuse_file_info* info)
{
    const auto& content = handle(info)->current;
    const auto begin = std::min(static_cast<std::size_t>(from), content.size());
    count = std::min(count, content.size() - begin);
    std::memcpy(into, content.data() + begin, count);
    return static_cast<int>(count);
}

int lose_power(const std::string& order)
{
    const auto space = order.find(' ');
    const auto words = "+" + order.substr(0, space) + "+";
    auto has = [&](const char* word) {
        return words.find("+" + std::string(word) + "+") != std::string::npos;
    };
    const bool is_known = has("whole") || has("torn") || has("length") || has("names");
    if (!is_known || space == std::string::npos) return -EINVAL;
    disk.cut({has("torn"), has("length"), has("names")}, std::strtoull(&order[space], nullptr, 10));
    return 0;
}

int write_file(const char* path, const char* from, std::size_t count, off_t at,
               fuse_file_info* info)
{
    if (is_control(path)) {
        int answer = lose_power(std::string(from, count));
        return answer != 0 ? answer : static_cast<int>(count);
    }
    auto& file = *handle(info);
    const auto begin = static_cast<std::size_t>(
        info->flags & O_APPEND ? static_cast<off_t>(file.current.size()) : at);
    if (file.current.size() < begin + count) file.resize(begin + count);
    std::memcpy(file.current.data() + begin, from, count);
    file.touch(begin, begin + count);
    return static_cast<int>(count);
}

int truncate_file(const char* path, off_t size, fuse_file_info* info)
{
    if (is_control(path)) return 0;
    auto at = pick(path, info);
    if (!at) return -ENOENT;
    at->resize(static_cast<std::size_t>(size));
    return 0;
}

int sync_file(const char*, int, fuse_file_info* info)
{
    handle(info)->sync();
    return 0;
}

int sync_folder(const char* path, int, fuse_file_info*)
{
    auto at = disk.find(path);
    if (!at) return -ENOENT;
    at->durable_names = at->names;
    return 0;
}

int remove_name(const char* path)
{
    auto [folder, name] = disk.parent(path);
    if (!folder || folder->names.erase(name) == 0) return -ENOENT;
    return 0;
}

int remove_folder(const char* path)
{
    auto at = disk.find(path);
    if (at && !at->names.empty()) return -ENOTEMPTY;
    return remove_name(path);
}

int rename_file(const char* from, const char* to, unsigned flags)
{
    if (flags != 0) return -EINVAL;
    auto at = disk.find(from);
    auto [folder, name] = disk.parent(to);
    if (!at || !folder) return -ENOENT;
    auto replaced = folder->names.find(name);
    if (replaced != folder->names.end() && !replaced->second->names.empty()) return -ENOTEMPTY;
    remove_name(from);
    folder->names[name] = at;
    return 0;
}

int link_file(const char* from, const char* to)
{
    auto at = disk.find(from);
    return at ? add(to, at) : -ENOENT;
}

int change_mode(const char* path, mode_t mode, fuse_file_info* info)
{
    auto at = pick(path, info);
    if (!at) return -ENOENT;
    at->mode = mode & 07777;
    return 0;
}

int tell_space(const char*, struct statvfs* into)
{
    *into = {};
    into->f_bsize = into->f_frsize = 4096;
    into->f_blocks = into->f_bfree = into->f_bavail = (8ull << 30) / 4096;
    into->f_namemax = 255;
    return 0;
}

void* begin(fuse_conn_info*, fuse_config* config)
{
    config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
    config->hard_remove = 1;
    config->nullpath_ok = 0;
    config->use_ino = 1;
    return nullptr;
}

fuse_operations operations()
{
    fuse_operations o{};
    o.init = begin;
    o.getattr = get_attributes;
    o.readdir = read_folder;
    o.mkdir = make_folder;
    o.create = create_file;
    o.open = open_file;
    o.release = release_file;
    o.read = read_file;
    o.write = write_file;
    o.truncate = truncate_file;
    o.fsync = sync_file;
    o.fsyncdir = sync_folder;
    o.unlink = remove_name;
    o.rmdir = remove_folder;
    o.rename = rename_file;
    o.link = link_file;
    o.chmod = change_mode;
    o.chown = [](const char*, uid_t, gid_t, fuse_file_info*) { return 0; };
    o.utimens = [](const char*, const timespec*, fuse_file_info*) { return 0; };
    o.fallocate = [](const char*, int, off_t, off_t, fuse_file_info*) { return -EOPNOTSUPP; };
    o.flush = [](const char*, fuse_file_info*) { return 0; };
    o.statfs = tell_space;
    return o;
}

}  // namespace

int main(int count, char** words)
{
    if (count != 2) {
        fprintf(stderr, "usage: powercut_fs MOUNTPOINT\n");
        return 2;
    }
    std::string options[] = {words[0], "-f", "-s", "-o", "fsname=powercut", words[1]};
    char* arguments[6];
    std::transform(std::begin(options), std::end(options), arguments,
                   [](std::string& s) { return s.data(); });
    const auto table = operations();
    return fuse_main(6, arguments, &table, nullptr);
}
