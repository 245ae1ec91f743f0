// What is damaged is detected, counted exactly and skipped; the start is never refused.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/datasets/log_fixture.hpp"

namespace sluice::datasets {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files(const std::string& folder, std::string_view part)
{
    std::vector<fs::path> out;
    for (const auto& item : fs::directory_iterator(folder)) {
        if (item.path().filename().string().find(part) != std::string::npos)
            out.push_back(item.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

void flip_byte(const fs::path& path, std::streamoff at)
{
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
}

struct DamagedLog : log_test {
    DamagedLog() { settings.store.compression_level = 0; }

    std::string store() const { return settings.data_dir + "/store"; }

    /// 100 batches of 2 KB, in tables and blob files or in the write-ahead log.
    void fill(bool flushed)
    {
        open();
        declare();
        append_many(100, "a", 2000);
        if (flushed) {
            // a store that is opened again moves what it replays from the log into tables
            open();
        }
        log->close();
    }
    /// Everything that is left is in order, and what is missing is exactly what was reported.
    void expect_accounted(std::size_t lost_max)
    {
        open();
        auto found = ids();
        auto extent = log->extent(at());
        ASSERT_TRUE(extent);
        EXPECT_EQ(found.size() + extent->lost, 100u);
        EXPECT_LE(extent->lost, lost_max);
        EXPECT_TRUE(std::is_sorted(found.begin(), found.end(), [](const auto& a, const auto& b) {
            return std::stoi(a.substr(1)) < std::stoi(b.substr(1));
        }));
        EXPECT_EQ(append("next")->value(), 100u) << "offsets are not given out twice";
        lost = extent->lost;
    }
    std::uint64_t lost = 0;
};

}  // namespace

TEST_F(DamagedLog, ABitInTheMiddleOfTheWriteAheadLogCostsLittleAndIsCounted)
{
    fill(false);
    auto logs = files(store(), ".log");
    ASSERT_FALSE(logs.empty());
    flip_byte(logs.back(), static_cast<std::streamoff>(fs::file_size(logs.back()) / 2));
    expect_accounted(40);
    EXPECT_GE(lost, 1u);
    EXPECT_EQ(log->opened_by(), embedded::recovery_step::skipped_wal);
    open();
    EXPECT_EQ(log->extent(at())->lost, lost) << "counted once";
}

TEST_F(DamagedLog, ATornTailIsACrashAndTheSideFileTellsWhatItCost)
{
    fill(false);
    auto logs = files(store(), ".log");
    fs::resize_file(logs.back(), fs::file_size(logs.back()) - 100);
    expect_accounted(1);
    EXPECT_EQ(lost, 1u);
}

TEST_F(DamagedLog, AMissingWriteAheadLogIsNoticed)
{
    fill(false);
    for (const auto& path : files(store(), ".log")) fs::remove(path);
    open();
    declare();
    auto extent = log->extent(at());
    ASSERT_TRUE(extent);
    EXPECT_EQ(extent->end.value(), 100u);
    EXPECT_EQ(extent->lost, 100u);
}

TEST_F(DamagedLog, ABitInAStoredBatchCostsThisBatchOnly)
{
    fill(true);
    auto blobs = files(store(), ".blob");
    ASSERT_FALSE(blobs.empty());
    flip_byte(blobs.front(), static_cast<std::streamoff>(fs::file_size(blobs.front()) / 2));
    open();
    EXPECT_EQ(ids().size(), 99u);
    EXPECT_EQ(log->extent(at())->lost, 1u);
    EXPECT_EQ(ids().size(), 99u);
    EXPECT_EQ(log->extent(at())->lost, 1u) << "counted once";
    open();
    EXPECT_EQ(log->extent(at())->lost, 1u) << "and remembered";
}

TEST_F(DamagedLog, ALostListOfFilesIsRebuilt)
{
    for (const char* name : {"CURRENT", "MANIFEST"}) {
        fill(true);
        for (const auto& path : files(store(), name)) fs::remove(path);
        expect_accounted(0);
        log.reset();
        fs::remove_all(settings.data_dir);
    }
}

TEST_F(DamagedLog, AnyTableDamagedOrMissingDoesNotStopTheStart)
{
    fill(true);
    for (const auto& path : files(store(), ".sst")) {
        fs::resize_file(path, fs::file_size(path) / 2);
    }
    open();
    declare();
    EXPECT_TRUE(append("next"));
}

TEST_F(DamagedLog, RubbishInPlaceOfAStoreIsPutAsideAndTheGatewayStarts)
{
    fill(true);
    for (const auto& item : fs::directory_iterator(store())) {
        std::ofstream(item.path(), std::ios::trunc) << "rubbish";
    }
    open();
    declare();
    EXPECT_TRUE(append("next"));
    EXPECT_TRUE(fs::exists(settings.data_dir + "/quarantine"));
}

namespace {

/// Appends until the process is killed and tells each acknowledged id through a pipe.
[[noreturn]] void write_until_killed(const std::string& data_dir, int acks,
                                     const std::string& cycle)
{
    log_settings settings;
    settings.data_dir = data_dir;
    settings.store.free_bytes_min = 0;
    settings.store.free_share_min = 0;
    auto log = embedded::embedded_log::open(settings);
    dataset_spec spec;
    spec.name = dataset_name{"orders"};
    if (!log || !(*log)->open_dataset(spec)) ::_exit(1);
    std::atomic<int> in_flight{0};
    for (int i = 0;; ++i) {
        while (in_flight > 16) std::this_thread::yield();
        ++in_flight;
        auto id = cycle + "-" + std::to_string(i);
        new_record r;
        r.id = id;
        r.content = "{}";
        std::array records{r};
        std::array parts{append_part{{spec.name, partition_id{0}}, records}};
        log_write what;
        what.appends = parts;
        (*log)->write(what, [&in_flight, acks, id](auto done) {
            auto line = id + "\n";
            if (done && ::write(acks, line.data(), line.size()) < 0) ::_exit(2);
            --in_flight;
        });
    }
}

/// The writer is this very program started anew: threads of the store do not survive a bare fork.
[[maybe_unused]] const bool is_test_process = [] {
    const char* data_dir = std::getenv("SLUICE_TEST_WRITER_DIR");
    if (data_dir == nullptr) return true;
    write_until_killed(data_dir, std::atoi(std::getenv("SLUICE_TEST_WRITER_PIPE")),
                       std::getenv("SLUICE_TEST_WRITER_CYCLE"));
}();

pid_t start_writer(const log_settings& settings, int acks, int cycle)
{
    auto pid = ::fork();
    if (pid != 0) return pid;
    ::setenv("SLUICE_TEST_WRITER_DIR", settings.data_dir.c_str(), 1);
    ::setenv("SLUICE_TEST_WRITER_PIPE", std::to_string(acks).c_str(), 1);
    ::setenv("SLUICE_TEST_WRITER_CYCLE", std::to_string(cycle).c_str(), 1);
    ::execl("/proc/self/exe", "writer", nullptr);
    ::_exit(3);
}

/// Kills after some acknowledgements; returns what was acknowledged.
std::vector<std::string> run_and_kill(const log_settings& settings, int cycle)
{
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    auto pid = start_writer(settings, ends[1], cycle);
    ::close(ends[1]);
    std::string text;
    std::array<char, 4096> buffer;
    bool is_killed = false;
    for (;;) {
        auto n = ::read(ends[0], buffer.data(), buffer.size());
        if (n <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(n));
        if (!is_killed && std::count(text.begin(), text.end(), '\n') > 100 + 37 * cycle) {
            ::kill(pid, SIGKILL);
            is_killed = true;
        }
    }
    ::close(ends[0]);
    ::waitpid(pid, nullptr, 0);
    std::vector<std::string> out;
    std::size_t from = 0;
    for (auto to = text.find('\n'); to != std::string::npos; to = text.find('\n', from)) {
        out.push_back(text.substr(from, to - from));
        from = to + 1;
    }
    return out;
}

std::size_t count_lost(log_test& test, int cycles)
{
    std::vector<std::string> acked;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        auto more = run_and_kill(test.settings, cycle);
        EXPECT_GT(more.size(), 100u) << "a hollow run";
        acked.insert(acked.end(), more.begin(), more.end());
    }
    test.open();
    auto stored = test.ids();
    std::sort(stored.begin(), stored.end());
    return static_cast<std::size_t>(std::count_if(acked.begin(), acked.end(), [&](const auto& id) {
        return !std::binary_search(stored.begin(), stored.end(), id);
    }));
}

using KilledLog = log_test;

}  // namespace

TEST_F(KilledLog, LosesNothingThatWasAcknowledged)
{
    EXPECT_EQ(count_lost(*this, 10), 0u);
    EXPECT_EQ(log->extent(at())->lost, 0u);
}

TEST_F(KilledLog, LosesWhenItAcknowledgesBeforeItWrites)
{
    ::setenv("SLUICE_TEST_ACK_BEFORE_WRITE", "1", 1);
    auto lost = count_lost(*this, 3);
    ::unsetenv("SLUICE_TEST_ACK_BEFORE_WRITE");
    EXPECT_GT(lost, 0u) << "the control found nothing: the test above proves nothing";
}

}  // namespace sluice::datasets
