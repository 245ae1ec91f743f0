// Durable single-event appends of 1 KB: so many writes in flight as there are keep-alive
// connections, each posting its next event when the last is acknowledged. Counters: events/s, CPU
// of the whole process per event.

#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <array>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "datasets/open_log.hpp"

namespace {

using namespace sluice;

double cpu_seconds()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::string sample_event()
{
    std::string text = R"({"type":"purchase","items":[)";
    for (int i = 0; text.size() < 960; ++i) {
        text += R"({"sku":"SKU-)" + std::to_string(i * 7919 % 100003) + R"(","price":)" +
                std::to_string(i * 31 % 1000) + ".99},";
    }
    return text + "{}],\"end\":true}";
}

/// How many writes are on their way; the bench thread sleeps while that is the maximum.
class window {
public:
    explicit window(int width) : free_(width), width_(width) {}
    void take()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return free_ > 0; });
        --free_;
    }
    void give()
    {
        std::lock_guard lock(mutex_);
        ++free_;
        changed_.notify_one();
    }
    void drain()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return free_ == width_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int free_;
    int width_;
};

void append_single_events(benchmark::State& state, config::fsync_mode fsync)
{
    std::string folder = (std::filesystem::temp_directory_path() / "log-bench-XXXXXX").string();
    datasets::log_settings settings;
    settings.data_dir = ::mkdtemp(folder.data());
    settings.store.fsync = fsync;
    settings.store.compression_level = static_cast<std::uint32_t>(state.range(1));
    auto opened = datasets::open_log(settings);
    if (!opened) return state.SkipWithError(opened.error().message.c_str());
    auto& log = **opened;
    datasets::dataset_spec spec;
    spec.name = dataset_name{"orders"};
    if (!log.open_dataset(spec)) return state.SkipWithError("open_dataset failed");
    const auto content = sample_event();
    datasets::new_record record;
    record.id = "0190163d-8694-739b-aea5-966c26f8ad91";
    record.source = "native";
    record.content = content;
    std::array records{record};
    std::array parts{datasets::append_part{{spec.name, partition_id{0}}, records}};
    datasets::log_write what;
    what.appends = parts;
    window in_flight(static_cast<int>(state.range(0)));
    const auto cpu = cpu_seconds();
    for (auto _ : state) {
        in_flight.take();
        log.write(what, [&in_flight](auto) { in_flight.give(); });
    }
    in_flight.drain();
    state.SetItemsProcessed(state.iterations());
    state.counters["cpu_us_per_event"] =
        (cpu_seconds() - cpu) * 1e6 / static_cast<double>(state.iterations());
    log.close();
    std::filesystem::remove_all(settings.data_dir);
}

}  // namespace

// arguments: writes in flight, zstd level
BENCHMARK_CAPTURE(append_single_events, fsync_group, sluice::config::fsync_mode::group)
    ->Args({1, 1})
    ->Args({64, 1})
    ->Args({64, 0})
    ->Args({1024, 1})
    ->UseRealTime();
BENCHMARK_CAPTURE(append_single_events, fsync_off, sluice::config::fsync_mode::off)
    ->Args({64, 1})
    ->Args({64, 0})
    ->UseRealTime();
