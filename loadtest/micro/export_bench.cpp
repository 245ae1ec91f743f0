// Events/s and peak memory of an export on one thread, without a disk-bound log in the way.
// export_bench EVENTS.ndjson ROWS OUT_DIR [parquet|ndjson]

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "batch/formats/file_format.hpp"
#include "batch/storage/storage.hpp"
#include "datasets/record_encoder.hpp"

namespace {

using namespace sluice;

constexpr std::size_t batch_records = 256;
constexpr std::uint64_t group_bytes = 32U << 20;

/// The samples again and again with ids of their own, as batches like those of the log.
class sample_batches {
public:
    explicit sample_batches(const char* path)
    {
        std::ifstream in(path);
        for (std::string line; std::getline(in, line);) {
            if (!line.empty()) lines_.push_back(line);
        }
    }
    [[nodiscard]] bool is_empty() const { return lines_.empty(); }

    std::shared_ptr<const datasets::record_batch> next(std::size_t count)
    {
        std::string payload;
        for (std::size_t i = 0; i < count; ++i) {
            const auto id = fmt::format("evt-{:016}", position_ + i);
            datasets::encode_record(
                payload, {.id = id,
                          .received_at = wall_time{std::chrono::milliseconds{position_ + i}},
                          .content = lines_[(position_ + i) % lines_.size()]});
        }
        const offset base{position_};
        position_ += count;
        return datasets::record_batch::from_payload(base, static_cast<std::uint32_t>(count),
                                                    payload)
            .value();
    }

private:
    std::vector<std::string> lines_;
    std::uint64_t position_ = 0;
};

int fail(const std::string& why)
{
    std::fprintf(stderr, "export_bench: %s\n", why.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc < 4) return fail("usage: export_bench EVENTS.ndjson ROWS OUT_DIR [parquet|ndjson]");
    sample_batches samples(argv[1]);
    if (samples.is_empty()) return fail("no events in the file");
    const auto rows = std::strtoull(argv[2], nullptr, 10);
    config::export_settings settings;
    settings.directory = argv[3];
    if (argc > 4 && std::string(argv[4]) == "ndjson")
        settings.format = config::export_format::ndjson;
    auto format = batch::make_format(settings, {});
    if (!format) return fail(format.error().message);
    auto storage = batch::open_storage(settings);
    if (!storage) return fail(storage.error().message);
    auto target = (*storage)->begin("bench");
    if (!target) return fail(target.error().message);
    if (auto opened = (*format)->open_file(**target); !opened) return fail(opened.error().message);

    std::chrono::nanoseconds busy{0};  // without making the samples
    std::uint64_t bytes = 0;
    for (std::uint64_t done = 0; done < rows;) {
        batch::row_group group;
        while (done < rows && group.content_bytes < group_bytes) {
            const auto batch = samples.next(std::min<std::uint64_t>(batch_records, rows - done));
            for (const auto& record : batch->records()) {
                group.rows.push_back(&record);
                group.content_bytes += record.content.size();
            }
            group.owners.push_back(batch);
            done += batch->size();
        }
        bytes += group.content_bytes;
        const auto start = std::chrono::steady_clock::now();
        auto written = (*format)->write_group(group, true);
        busy += std::chrono::steady_clock::now() - start;
        if (!written) return fail(written.error().message);
    }
    const auto start = std::chrono::steady_clock::now();
    if (auto closed = (*format)->close_file(); !closed) return fail(closed.error().message);
    if (auto published = (*target)->publish("bench.out"); !published)
        return fail(published.error().message);
    busy += std::chrono::steady_clock::now() - start;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const double seconds = std::chrono::duration<double>(busy).count();
    std::printf(
        "{\"events\":%llu,\"seconds\":%.3f,\"events_per_s\":%.0f,\"mb_in\":%.1f,\"rss_mb_max\":%."
        "1f}\n",
        static_cast<unsigned long long>(rows), seconds, static_cast<double>(rows) / seconds,
        static_cast<double>(bytes) / 1e6, static_cast<double>(usage.ru_maxrss) / 1024.0);
    return 0;
}
