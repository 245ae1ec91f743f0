#pragma once
// A log in memory, a folder that is removed afterwards, a clock that stands still: what export
// tests share.

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "batch/run_at.hpp"
#include "tests/support/memory_log.hpp"

namespace sluice::batch::test {

class still_clock final : public clock_source {
public:
    [[nodiscard]] wall_time wall_now() const override { return now; }
    [[nodiscard]] steady_time steady_now() const override { return {}; }
    /// 2026-11-22T20:59:49Z
    wall_time now{std::chrono::seconds{1795381189}};
};

class export_fixture : public ::testing::Test {
protected:
    void SetUp() override
    {
        std::string pattern = ::testing::TempDir() + "sluice-export-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root = pattern;
        settings.dataset = "shop";
        settings.directory = root / "out";
        settings.format = config::export_format::ndjson;
        ASSERT_TRUE(log.open_dataset({.name = dataset_name{"shop"}, .partitions = 2}));
    }
    void TearDown() override
    {
        log.close();
        std::filesystem::remove_all(root);
    }

    void append(std::uint32_t partition, const std::vector<std::string>& events)
    {
        std::vector<std::string> ids;
        for (std::size_t i = 0; i < events.size(); ++i)
            ids.push_back("id-" + std::to_string(appended++));
        std::vector<datasets::new_record> records;
        for (std::size_t i = 0; i < events.size(); ++i) {
            records.push_back({.id = ids[i],
                               .received_at = clock.now + std::chrono::milliseconds{i},
                               .content = events[i]});
        }
        const std::vector<datasets::append_part> parts{
            {{dataset_name{"shop"}, partition_id{partition}}, records}};
        write({.appends = parts});
    }

    void write(const datasets::log_write& what)
    {
        std::promise<bool> done;
        log.write(what, [&](auto r) { done.set_value(r.has_value()); });
        ASSERT_TRUE(done.get_future().get());
    }

    result<flow_run> run(std::function<bool(step_kind)> hook = {})
    {
        return run_export_at({.log = log,
                              .name = "nightly",
                              .settings = settings,
                              .clock = clock,
                              .stats = stats,
                              .stop = stop,
                              .hook = std::move(hook)});
    }

    /// Every published data file: path -> bytes.
    [[nodiscard]] std::map<std::string, std::string> files() const
    {
        std::map<std::string, std::string> out;
        if (!std::filesystem::exists(settings.directory)) return out;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(settings.directory)) {
            if (!entry.is_regular_file()) continue;
            const auto name = entry.path().filename().string();
            if (name.starts_with("manifest-") || name.starts_with(".")) continue;
            out[std::filesystem::relative(entry.path(), settings.directory)] =
                contents(entry.path());
        }
        return out;
    }

    static std::string contents(const std::filesystem::path& path)
    {
        std::ostringstream out;
        out << std::ifstream(path, std::ios::binary).rdbuf();
        return out.str();
    }

    static std::string gunzipped(const std::filesystem::path& path)
    {
        std::string out;
        gzFile file = gzopen(path.c_str(), "rb");
        char buffer[4096];
        for (int n = 0; (n = gzread(file, buffer, sizeof buffer)) > 0;) out.append(buffer, n);
        gzclose(file);
        return out;
    }

    std::filesystem::path root;
    sluice::test::memory_log log;
    still_clock clock;
    export_stats stats;
    std::atomic<bool> stop{false};
    config::export_settings settings;
    std::size_t appended = 0;
};

}  // namespace sluice::batch::test
