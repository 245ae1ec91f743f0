// Sustained durable appends of 1 KB events, through the embedded log or straight into RocksDB with
// the settings that were measured best for it alone: batches of 256 events, compressed by the
// caller, one value and one synced write each. Prints one JSON object.

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <unistd.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "datasets/open_log.hpp"
#include "loadtest/shop_events.hpp"

namespace sluice::loadtest {
namespace {

using steady = std::chrono::steady_clock;
constexpr std::size_t batch_events = 256;
constexpr std::uint64_t mib = 1u << 20;

struct rate_options {
    std::string engine = "sluice";
    std::string folder;
    double gigabytes = 4;
    int in_flight = 4;
};

/// Bytes that this process has sent to the disk, as the kernel counts them.
std::uint64_t written_bytes()
{
    std::ifstream in("/proc/self/io");
    std::string name;
    std::uint64_t value = 0;
    while (in >> name >> value) {
        if (name == "write_bytes:") return value;
    }
    return 0;
}

struct report {
    std::uint64_t events = 0;
    std::vector<double> waits_ms;  ///< of each write, from asking to the acknowledgement
    double longest_gap_ms = 0;     ///< between two acknowledgements: a stall
    double seconds = 0;
};

void print(const rate_options& options, report& r, std::uint64_t written)
{
    std::sort(r.waits_ms.begin(), r.waits_ms.end());
    auto at = [&](double share) {
        return r.waits_ms[static_cast<std::size_t>(share * double(r.waits_ms.size() - 1))];
    };
    fmt::print(
        R"({{"engine":"{}","events":{},"events_per_second":{:.0f},"commit_ms_p50":{:.2f},"commit_ms_p99":{:.2f},)"
        R"("longest_stall_ms":{:.1f},"bytes_written_per_logical_byte":{:.3f}}})"
        "\n",
        options.engine, r.events, double(r.events) / r.seconds, at(0.5), at(0.99), r.longest_gap_ms,
        double(written) / (double(r.events) * shop_event_bytes));
}

rocksdb::Options alone_options()
{
    rocksdb::Options o;
    o.create_if_missing = true;
    o.compression = rocksdb::kNoCompression;
    o.enable_blob_files = true;
    o.min_blob_size = 1024;
    o.blob_file_size = 256 * mib;
    o.write_buffer_size = 64 * mib;
    o.max_write_buffer_number = 4;
    o.bytes_per_sync = mib;
    o.recycle_log_file_num = 4;
    o.max_total_wal_size = 512 * mib;
    return o;
}

report append_to_rocksdb(const rate_options& options, const std::vector<std::string>& events)
{
    rocksdb::DB* opened = nullptr;
    auto status = rocksdb::DB::Open(alone_options(), options.folder, &opened);
    if (!status.ok()) throw std::runtime_error(status.ToString());
    std::unique_ptr<rocksdb::DB> db(opened);
    report r;
    rocksdb::WriteOptions synced;
    synced.sync = true;
    std::string payload;
    std::string packed;
    const auto begin = steady::now();
    auto last = begin;
    const auto total = static_cast<std::uint64_t>(options.gigabytes * 1e9 / shop_event_bytes);
    while (r.events < total) {
        payload.clear();
        for (std::size_t i = 0; i < batch_events; ++i) {
            payload += events[(r.events * 31 + i) % events.size()];
        }
        packed.resize(ZSTD_compressBound(payload.size()));
        packed.resize(
            ZSTD_compress(packed.data(), packed.size(), payload.data(), payload.size(), 1));
        std::array<char, 16> key{};
        const auto base = __builtin_bswap64(r.events);
        std::memcpy(key.data() + 8, &base, 8);
        const auto asked = steady::now();
        status = db->Put(synced, {key.data(), key.size()}, packed);
        if (!status.ok()) throw std::runtime_error(status.ToString());
        const auto now = steady::now();
        r.waits_ms.push_back(std::chrono::duration<double, std::milli>(now - asked).count());
        r.longest_gap_ms = std::max(r.longest_gap_ms,
                                    std::chrono::duration<double, std::milli>(now - last).count());
        last = now;
        r.events += batch_events;
    }
    r.seconds = std::chrono::duration<double>(steady::now() - begin).count();
    db->Close().PermitUncheckedError();
    return r;
}

/// What the acknowledgements tell; handlers run on the log's thread.
class watcher {
public:
    explicit watcher(int width) : free_(width), width_(width) {}
    void take()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return free_ > 0; });
        --free_;
    }
    void done(steady::time_point asked, bool is_good)
    {
        const auto now = steady::now();
        std::lock_guard lock(mutex_);
        if (!is_good) is_failed_ = true;
        ++free_;
        into.waits_ms.push_back(std::chrono::duration<double, std::milli>(now - asked).count());
        into.longest_gap_ms = std::max(
            into.longest_gap_ms, std::chrono::duration<double, std::milli>(now - last_).count());
        last_ = now;
        changed_.notify_all();
    }
    bool drain()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return free_ == width_; });
        return !is_failed_;
    }
    report into;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int free_;
    int width_;
    bool is_failed_ = false;
    steady::time_point last_ = steady::now();
};

report append_to_log(const rate_options& options, const std::vector<std::string>& events)
{
    datasets::log_settings settings;
    settings.data_dir = options.folder;
    auto opened = datasets::open_log(settings);
    if (!opened) throw std::runtime_error(opened.error().message);
    auto& log = **opened;
    datasets::dataset_spec spec;
    spec.name = dataset_name{"events"};
    if (!log.open_dataset(spec)) throw std::runtime_error("open_dataset failed");
    watcher watch(options.in_flight);
    const auto begin = steady::now();
    const auto total = static_cast<std::uint64_t>(options.gigabytes * 1e9 / shop_event_bytes);
    std::uint64_t n = 0;
    std::vector<std::string> ids(batch_events);
    while (n < total) {
        std::vector<datasets::new_record> records(batch_events);
        for (std::size_t i = 0; i < batch_events; ++i) {
            ids[i] = fmt::format("{:020}", n + i);
            records[i].id = ids[i];
            records[i].content = events[(n * 31 + i) % events.size()];
        }
        n += batch_events;
        std::array parts{datasets::append_part{{spec.name, partition_id{0}}, records}};
        datasets::log_write what;
        what.appends = parts;
        watch.take();
        const auto asked = steady::now();
        log.write(what, [&watch, asked](const auto& done) { watch.done(asked, bool(done)); });
    }
    if (!watch.drain()) throw std::runtime_error("a write failed");
    watch.into.seconds = std::chrono::duration<double>(steady::now() - begin).count();
    watch.into.events = n;
    log.close();
    return watch.into;
}

int run(const rate_options& options)
{
    const auto events = make_shop_events();
    const auto before = written_bytes();
    try {
        auto r = options.engine == "rocksdb" ? append_to_rocksdb(options, events)
                                             : append_to_log(options, events);
        ::sync();
        print(options, r, written_bytes() - before);
        return 0;
    } catch (const std::exception& failed) {
        fmt::print(stderr, "append_rate: {}\n", failed.what());
        return 1;
    }
}

}  // namespace
}  // namespace sluice::loadtest

int main(int count, char** words)
{
    sluice::loadtest::rate_options options;
    CLI::App app("Sustained durable appends of 1 KB events");
    app.add_option("--engine", options.engine, "sluice or rocksdb")
        ->check(CLI::IsMember({"sluice", "rocksdb"}));
    app.add_option("--folder", options.folder, "A new folder for the data")->required();
    app.add_option("--gigabytes", options.gigabytes, "Of events");
    app.add_option("--in-flight", options.in_flight, "Writes of 256 events on their way")
        ->check(CLI::Range(1, 64));
    CLI11_PARSE(app, count, words);
    return sluice::loadtest::run(options);
}
