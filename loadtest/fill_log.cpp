// Fills a data folder with a big log, quickly: for the tests of restart and memory, which need
// 10 GiB or 10 million events. Without fsync until the end; one dataset, several partitions.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <vector>

#include "datasets/open_log.hpp"

namespace sluice::loadtest {
namespace {

struct fill_options {
    std::string data_dir;
    std::string dataset = "events";
    std::uint32_t partitions = 4;
    std::uint64_t events = 10'000'000;
    std::size_t event_bytes = 1024;
    std::size_t batch = 256;
    std::vector<std::string> cursors;  ///< that begin at the first event
    bool is_random = false;            ///< does not compress: the log is as large on disk
};

/// Bounds how many writes are on their way.
class window {
public:
    explicit window(int width) : free_(width), width_(width) {}
    void take()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return free_ > 0; });
        --free_;
    }
    void give(bool is_good)
    {
        std::lock_guard lock(mutex_);
        ++free_;
        if (!is_good) ++failed_;
        changed_.notify_all();
    }
    std::uint64_t drain()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return free_ == width_; });
        return failed_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int free_;
    int width_;
    std::uint64_t failed_ = 0;
};

/// Texts of which every event takes a piece: making each one anew would take longer than storing
/// it.
std::string make_material(const fill_options& options)
{
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::mt19937_64 random(10);
    std::string out;
    while (out.size() < (64u << 20)) {
        if (options.is_random) {
            out += letters[random() % letters.size()];
        } else {
            out += fmt::format(R"("sku-{}":{{"price":{}.{:02},"currency":"EUR","quantity":{}}},)",
                               random() % 100'000, random() % 500, random() % 100, random() % 9);
        }
    }
    return out;
}

std::string event_text(const fill_options& options, const std::string& material, std::uint64_t n)
{
    auto text = fmt::format(R"({{"_id":"fill-{}","type":"fill","n":{},"pad":")", n, n);
    const auto pad = options.event_bytes - std::min(options.event_bytes, text.size() + 2);
    const auto from = n * 7919 % (material.size() - options.event_bytes);
    for (char c : std::string_view(material).substr(from, pad)) text += c == '"' ? '\'' : c;
    return text + "\"}";
}

bool place_cursors(datasets::event_log& log, const fill_options& options)
{
    std::vector<datasets::cursor_update> cursors;
    for (const auto& name : options.cursors) {
        for (std::uint32_t p = 0; p < options.partitions; ++p) {
            cursors.push_back(
                {cursor_name{name}, {dataset_name{options.dataset}, partition_id{p}}, {}});
        }
    }
    window done(1);
    done.take();
    datasets::log_write what;
    what.cursors = cursors;
    what.is_internal = true;
    log.write(what, [&done](const auto& written) { done.give(bool(written)); });
    return done.drain() == 0;
}

int fill(const fill_options& options)
{
    datasets::log_settings settings;
    settings.data_dir = options.data_dir;
    settings.store.fsync = config::fsync_mode::off;
    settings.cache_bytes_max = 1u << 20;
    auto opened = datasets::open_log(settings);
    if (!opened) {
        fmt::print(stderr, "fill_log: {}\n", opened.error().message);
        return 1;
    }
    auto& log = **opened;
    datasets::dataset_spec spec;
    spec.name = dataset_name{options.dataset};
    spec.partitions = options.partitions;
    if (!log.open_dataset(spec)) return 1;
    if (!place_cursors(log, options)) return 1;
    const auto material = make_material(options);
    window in_flight(16);
    std::vector<std::string> texts(options.batch);
    std::vector<std::string> ids(options.batch);
    std::uint64_t n = 0;
    for (std::uint32_t turn = 0; n < options.events; ++turn) {
        const auto count = std::min<std::uint64_t>(options.batch, options.events - n);
        std::vector<datasets::new_record> records(count);
        for (std::size_t i = 0; i < count; ++i, ++n) {
            texts[i] = event_text(options, material, n);
            ids[i] = fmt::format("fill-{}", n);
            records[i].id = ids[i];
            records[i].content = texts[i];
            records[i].source = "native";
            records[i].received_at = std::chrono::system_clock::now();
        }
        std::array parts{
            datasets::append_part{{spec.name, partition_id{turn % options.partitions}}, records}};
        datasets::log_write what;
        what.appends = parts;
        in_flight.take();
        log.write(what, [&in_flight](const auto& done) { in_flight.give(bool(done)); });
    }
    const auto failed = in_flight.drain();
    log.close();
    fmt::print("{} events of {} bytes in {}\n", n, options.event_bytes, options.data_dir);
    return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::loadtest

int main(int count, char** words)
{
    sluice::loadtest::fill_options options;
    CLI::App app("Fills a data folder with a big log");
    app.add_option("--data-dir", options.data_dir, "The folder")->required();
    app.add_option("--dataset", options.dataset, "Its dataset");
    app.add_option("--partitions", options.partitions, "Of the dataset")->check(CLI::Range(1, 256));
    app.add_option("--events", options.events, "How many");
    app.add_option("--event-bytes", options.event_bytes, "Of one event")
        ->check(CLI::Range(100, 65536));
    app.add_option("--batch", options.batch, "Events of one write")->check(CLI::Range(1, 100000));
    app.add_option("--cursor", options.cursors, "Names of cursors that begin at the first event");
    app.add_flag("--random", options.is_random, "Events that do not compress");
    CLI11_PARSE(app, count, words);
    return sluice::loadtest::fill(options);
}
