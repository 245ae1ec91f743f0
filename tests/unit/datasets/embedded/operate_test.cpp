// What operators do with the embedded log: trim, look for damage, back up, restore.

#include <sys/stat.h>

#include "tests/unit/datasets/log_fixture.hpp"

namespace sluice::datasets {

namespace fs = std::filesystem;

struct OperateLog : log_test {
    std::uint64_t refused(const char* reason) const
    {
        const auto counts = log->counts();
        const auto found = counts.refused.find(reason);
        return found == counts.refused.end() ? 0 : found->second;
    }
    std::uint64_t trimmed(const char* reason) const
    {
        const auto counts = log->counts();
        const auto found = counts.trimmed.find({dataset_name{"orders"}, reason});
        return found == counts.trimmed.end() ? 0 : found->second;
    }
    /// Opens the log in `data_dir` from now on.
    void move_to(const std::string& data_dir)
    {
        log.reset();
        settings.data_dir = data_dir;
        open();
    }
    std::string backup_path() const { return folder.path() + "/backup"; }
};

TEST_F(OperateLog, ATrimTakesWholeBatchesBelowTheOffset)
{
    open();
    declare();
    append_many(3, "a", 100);
    std::vector<new_record> five;
    for (const char* id : {"b0", "b1", "b2", "b3", "b4"}) five.push_back(record(id, "{}"));
    std::array parts{append_part{at(), five}};
    log_write what;
    what.appends = parts;
    ASSERT_TRUE(write(what));
    const auto would = log->trim(at(), offset{6}, true);
    ASSERT_TRUE(would);
    EXPECT_EQ(would->begin, offset{3}) << "offset 6 is in the middle of a batch";
    EXPECT_EQ(would->records, 3u);
    EXPECT_EQ(would->bytes, 300u);
    EXPECT_EQ(log->extent(at())->begin, offset{0}) << "a dry run";
    ASSERT_TRUE(log->trim(at(), offset{6}, false));
    EXPECT_EQ(log->extent(at())->begin, offset{3});
    EXPECT_EQ(log->extent(at())->bytes, 10u);
    EXPECT_EQ(trimmed("operator"), 3u);
    EXPECT_EQ(log->trim(at(), offset{2}, false)->records, 0u);
    open();
    EXPECT_EQ(log->extent(at())->begin, offset{3});
    EXPECT_EQ(log->extent(at())->lost, 0u);
    EXPECT_EQ(ids().front(), "b0");
}

TEST_F(OperateLog, AReadOnlyLogTellsWhatATrimWouldTakeAndTakesNothing)
{
    open();
    declare();
    append_many(3, "a");
    log->close();
    settings.is_read_only = true;
    open();
    EXPECT_EQ(log->trim(at(), offset{2}, true)->records, 2u);
    EXPECT_FALSE(log->trim(at(), offset{2}, false));
    EXPECT_FALSE(log->backup(backup_path()));
}

TEST_F(OperateLog, EveryRefusalAndTrimIsCountedByItsReason)
{
    open();
    dataset_spec spec{dataset_name{"orders"}, 1, std::chrono::hours{1}, 1'000, false, 2'000};
    ASSERT_TRUE(log->open_dataset(spec));
    log->set_readers(dataset_name{"orders"}, {});
    append_many(20, "a", 100);
    EXPECT_FALSE(append("b"));
    EXPECT_FALSE(append("c"));
    EXPECT_EQ(refused("quota"), 2u);
    log->maintain_now();
    EXPECT_EQ(trimmed("bytes"), 10u);
    EXPECT_TRUE(append("d")) << "it heals by itself";
    settings.store.free_bytes_min = 1;
    clock.advance(std::chrono::hours{2});
    log->maintain_now();
    EXPECT_EQ(trimmed("age"), 11u);
    settings.store.free_bytes_min = 1'000;
    open();
    log->set_free_bytes_for_test(999);
    EXPECT_FALSE(append("e"));
    EXPECT_EQ(refused("space"), 1u);
    log->set_free_bytes_for_test(1'000);
    EXPECT_TRUE(append("f"));
}

TEST_F(OperateLog, ABackupHoldsEverythingThatWasAcknowledgedBeforeIt)
{
    open();
    declare("orders", 2);
    append_many(50, "a", 3'000);
    std::array cursors{cursor_update{cursor_name{"lane/x"}, at(), {offset{7}, offset{2}, {}}}};
    log_write what;
    what.cursors = cursors;
    ASSERT_TRUE(write(what));
    ASSERT_TRUE(log->trim(at(), offset{5}, false));
    const auto report = log->backup(backup_path());
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_GT(report->files, 3u);
    EXPECT_GT(report->bytes, 0u);
    append_many(5, "later");
    move_to(report->folder);
    EXPECT_EQ(log->opened_by(), embedded::recovery_step::clean);
    EXPECT_EQ(log->missing_at_open(), 0u);
    EXPECT_EQ(log->extent(at())->begin, offset{5});
    EXPECT_EQ(log->extent(at())->end, offset{50});
    EXPECT_EQ(ids(offset{5}).back(), "a49");
    EXPECT_EQ((*log->load_cursor(cursor_name{"lane/x"}, at()))->next, offset{7});
    EXPECT_TRUE(append("goes on"));
}

TEST_F(OperateLog, ABackupUnderLoadIsWholeAndTheLogGoesOn)
{
    open();
    declare();
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> acknowledged{0};
    std::thread writer([&] {
        for (int i = 0; !is_over; ++i) {
            if (append("w" + std::to_string(i), std::string(2'000, 'x'))) ++acknowledged;
        }
    });
    while (acknowledged < 100) std::this_thread::yield();
    const auto before = acknowledged.load();
    const auto report = log->backup(backup_path());
    const auto after = acknowledged.load();
    is_over = true;
    writer.join();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_GE(report->parts.at(0).end.value(), before);
    EXPECT_EQ(log->stats().failed_writes, 0u);
    move_to(report->folder);
    EXPECT_GE(log->extent(at())->end.value(), before);
    EXPECT_LE(log->extent(at())->end.value(), after + 1);
    EXPECT_EQ(log->missing_at_open(), 0u);
    EXPECT_EQ(ids().size(), log->extent(at())->end.value());
}

TEST_F(OperateLog, ABackupOverwritesNothingAndLeavesNothingHalf)
{
    open();
    declare();
    append_many(3, "a");
    fs::create_directories(backup_path());
    ASSERT_TRUE(log->backup(backup_path())) << "an empty folder is as good as none";
    EXPECT_EQ(log->backup(backup_path()).error().code, make_error_code(log_errc::bad_request));
    const auto file = folder.path() + "/file";
    std::ofstream(file) << "in the way";
    for (const auto& bad : {file, file + "/below", settings.data_dir + "/inside", settings.data_dir,
                            std::string("/proc/nowhere")}) {
        const auto refused = log->backup(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, make_error_code(log_errc::bad_request));
        EXPECT_FALSE(fs::exists(bad + ".partial")) << bad;
    }
    fs::create_directories(folder.path() + "/second.partial");
    EXPECT_FALSE(log->backup(folder.path() + "/second")) << "left from an interrupted one";
}

TEST_F(OperateLog, ABackupOnAnotherFileSystemIsMadeOfCopies)
{
    struct stat here {
    }, there{};
    ASSERT_EQ(::stat(folder.path().c_str(), &here), 0);
    if (::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev) {
        GTEST_SKIP() << "there is no second file system at /dev/shm";
    }
    std::string name = "/dev/shm/sluice-backup-XXXXXX";
    const std::string other = ::mkdtemp(name.data());
    open();
    declare();
    append_many(20, "a", 2'000);
    const auto report = log->backup(other + "/backup");
    EXPECT_TRUE(report) << report.error().message;
    if (report) {
        EXPECT_EQ(report->linked, 0u);
        move_to(report->folder);
        EXPECT_EQ(ids().size(), 20u);
    }
    log.reset();
    fs::remove_all(other);
}

TEST_F(OperateLog, ARestoredBackupIsToldOnce)
{
    open();
    declare();
    append_many(3, "a");
    ASSERT_TRUE(log->backup(backup_path()));
    EXPECT_TRUE(fs::exists(backup_path() + "/BACKUP"));
    move_to(backup_path());
    EXPECT_FALSE(fs::exists(backup_path() + "/BACKUP"));
    EXPECT_TRUE(fs::exists(backup_path() + "/RESTORED"));
}

TEST_F(OperateLog, ADamagedVersionFileIsWrittenAnewAndANewerOneIsRefused)
{
    open();
    declare();
    append_many(3, "a");
    const auto format = settings.data_dir + "/FORMAT";
    for (const char* damage : {"", "sluice-l", "sluice-log x\n", "\xff\xff"}) {
        log.reset();
        std::ofstream(format, std::ios::binary) << damage;
        open();
        EXPECT_EQ(ids().size(), 3u);
        std::string text;
        std::getline(std::ifstream(format), text);
        EXPECT_EQ(text, "sluice-log 1");
    }
    log.reset();
    std::ofstream(format, std::ios::binary) << "sluice-log 2\n";
    const auto refused = embedded::embedded_log::open(settings);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(log_errc::newer_format));
}

}  // namespace sluice::datasets
