#include <nlohmann/json.hpp>

#include "batch/checkpoint.hpp"
#include "batch/digest.hpp"
#include "batch/export_error.hpp"
#include "tests/unit/batch/export_fixture.hpp"

namespace sluice::batch {
namespace {

using nlohmann::json;
using test::export_fixture;

class ExportJob : public export_fixture {
protected:
    /// All lines of all listed files of all runs, sorted.
    std::vector<std::string> exported_lines()
    {
        std::vector<std::string> out;
        for (const auto& run : list_runs(log, "nightly").value()) {
            if (run.state != run_state::succeeded) continue;
            for (const auto& f : run.files) {
                std::istringstream lines(
                    gunzipped(std::filesystem::path(settings.directory) / f.path));
                for (std::string line; std::getline(lines, line);) out.push_back(line);
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }
    std::vector<std::string> numbered(int from, int to)
    {
        std::vector<std::string> out;
        for (int i = from; i < to; ++i) out.push_back("{\"n\":" + std::to_string(1000 + i) + "}");
        return out;
    }
};

TEST_F(ExportJob, WritesTheAcceptedBytesOneEventALine)
{
    const std::vector<std::string> events{
        "{\"price\": 1.50 , \"big\":123456789012345678901234567890}",
        "{\"a\":\"\\u00e9 \xC3\xA9\"}", "{ }"};
    append(0, events);
    settings.compression = config::export_compression::none;
    const auto done = run();
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(files().size(), 1U);
    EXPECT_EQ(files().begin()->first,
              "shop/exportTime=202611222059/shop-00000-00000000000000000000.json");
    EXPECT_EQ(files().begin()->second, events[0] + "\n" + events[1] + "\n" + events[2] + "\n");
}

TEST_F(ExportJob, EachRunTakesWhatCameSinceTheLast)
{
    append(0, numbered(0, 5));
    append(1, numbered(5, 7));
    ASSERT_EQ(run().value().rows, 7U);
    EXPECT_EQ(run().value().rows, 0U);
    append(1, numbered(7, 9));
    const auto second = run().value();
    EXPECT_EQ(second.rows, 2U);
    ASSERT_EQ(second.files.size(), 1U);
    EXPECT_EQ(second.files[0].first, offset{2});
    EXPECT_EQ(second.files[0].last, offset{3});
    EXPECT_EQ(exported_lines(), numbered(0, 9));
    EXPECT_EQ(list_runs(log, "nightly").value().size(), 2U) << "an empty window is no run";
}

TEST_F(ExportJob, RowsPerFileAreExact)
{
    append(0, numbered(0, 25));
    append(1, numbered(25, 30));
    settings.rows_per_file_max = 10;
    const auto done = run().value();
    std::vector<std::uint64_t> rows;
    for (const auto& f : done.files) rows.push_back(f.rows);
    EXPECT_EQ(rows, (std::vector<std::uint64_t>{10, 10, 5, 5}));
    EXPECT_EQ(exported_lines(), numbered(0, 30));
}

TEST_F(ExportJob, FilesEndNearTheirSize)
{
    std::vector<std::string> events;
    for (int i = 0; i < 40; ++i)
        events.push_back("{\"t\":\"" + std::string(10'000, 'a' + i % 26) + "\"}");
    append(0, events);
    settings.compression = config::export_compression::none;
    settings.bytes_per_file_target = 100'000;
    const auto done = run().value();
    EXPECT_EQ(done.rows, 40U);
    EXPECT_GE(done.files.size(), 3U);
    for (const auto& f : done.files) EXPECT_LT(f.bytes, 210'000U);
}

TEST_F(ExportJob, TheManifestTellsWhatIsInTheFiles)
{
    append(0, numbered(0, 12));
    append(1, numbered(12, 15));
    settings.rows_per_file_max = 10;
    const auto done = run().value();
    const auto manifest =
        json::parse(contents(std::filesystem::path(settings.directory) / done.manifest));
    EXPECT_EQ(manifest.at("flowRunId"), done.id);
    EXPECT_EQ(manifest.at("scheduledTime"), "2026-11-22T20:59:49Z");
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    for (const auto& f : manifest.at("exportResults")) {
        const auto path =
            std::filesystem::path(settings.directory) / f.at("sinkPath").get<std::string>();
        const auto text = contents(path);
        EXPECT_EQ(f.at("size"), text.size());
        EXPECT_EQ(f.at("sha256"), sha256_hex(text));
        EXPECT_EQ(f.at("md5").get<std::string>().size(), 32U);
        EXPECT_EQ(f.at("name"), path.filename().string());
        const auto lines = gunzipped(path);
        EXPECT_EQ(f.at("rows"), std::count(lines.begin(), lines.end(), '\n'));
        rows += f.at("rows").get<std::uint64_t>();
        bytes += text.size();
    }
    EXPECT_EQ(rows, 15U);
    EXPECT_EQ(manifest.at("totals").at("rows"), rows);
    EXPECT_EQ(manifest.at("totals").at("bytes"), bytes);
    EXPECT_EQ(manifest.at("totals").at("files"), 3);
}

TEST_F(ExportJob, ACrashBeforeAnyStepRepeatsTheSameFiles)
{
    append(0, numbered(0, 25));
    append(1, numbered(25, 30));
    settings.rows_per_file_max = 10;
    std::map<std::string, std::string> expected;
    for (int crash_at = 0; crash_at < 20; ++crash_at) {
        SetUp();
        settings.directory = root / std::to_string(crash_at);
        settings.rows_per_file_max = 10;
        const std::string name = "crash" + std::to_string(crash_at);
        int steps = 0;
        const run_request request{.log = log,
                                  .name = name,
                                  .settings = settings,
                                  .clock = clock,
                                  .stats = stats,
                                  .stop = stop,
                                  .hook = [&](step_kind) { return steps++ != crash_at; }};
        const auto first = run_export_at(request);
        auto later = request;
        later.hook = {};
        clock.now += std::chrono::seconds{3};  // the wall clock must not show in names
        const auto second = run_export_at(later);
        clock.now -= std::chrono::seconds{3};
        ASSERT_TRUE(second) << second.error().message;
        if (expected.empty()) expected = files();
        EXPECT_EQ(files(), expected) << "crash before step " << crash_at;
        std::uint64_t rows = 0;
        for (const auto& r : list_runs(log, name).value()) rows += r.rows;
        EXPECT_EQ(rows, 30U) << "crash before step " << crash_at;
        std::filesystem::remove_all(root);
        if (first) return;  // ran through: every step had its crash
    }
    FAIL() << "the run never ended by itself";
}

TEST_F(ExportJob, ControlCommittingBeforeTheUploadLosesRows)
{
    append(0, numbered(0, 5));
    // What a wrong order would do: the cursor moves, then the process dies before any file.
    const std::vector<datasets::cursor_update> cursors{
        {export_cursor("nightly"), {dataset_name{"shop"}, partition_id{0}}, {.next = offset{5}}}};
    write({.cursors = cursors});
    ASSERT_TRUE(run());
    EXPECT_NE(exported_lines(), numbered(0, 5)) << "this check could not see a loss";
}

TEST_F(ExportJob, AFailedRunKeepsItsRangeAndIsFinishedFirst)
{
    append(0, numbered(0, 5));
    const auto good = settings.directory;
    settings.directory = "/proc/no-such-place";
    const auto failed = run();
    ASSERT_TRUE(failed.has_error());
    EXPECT_NE(failed.error().message.find("/proc/no-such-place"), std::string::npos);
    EXPECT_EQ(list_runs(log, "nightly").value().at(0).state, run_state::failed);
    EXPECT_EQ(stats.runs_failed, 1U);
    append(0, numbered(5, 8));
    settings.directory = good;
    ASSERT_TRUE(run());
    const auto runs = list_runs(log, "nightly").value();
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(exported_lines(), numbered(0, 8));
    EXPECT_EQ(runs[1].rows, 5U) << "the failed window did not change";
}

TEST_F(ExportJob, StoppingIsNoFailureAndLosesNothing)
{
    append(0, numbered(0, 5));
    stop = true;
    const auto stopped = run();
    ASSERT_TRUE(stopped.has_error());
    EXPECT_EQ(stopped.error().code, make_error_code(export_errc::stopped));
    EXPECT_EQ(stats.runs_failed, 0U);
    stop = false;
    ASSERT_TRUE(run());
    EXPECT_EQ(exported_lines(), numbered(0, 5));
}

TEST_F(ExportJob, TheCursorMovesWithTheCommitAndCountsItsRows)
{
    append(0, numbered(0, 5));
    ASSERT_TRUE(run([](step_kind s) { return s != step_kind::commit; }).has_error());
    const datasets::partition_ref at{dataset_name{"shop"}, partition_id{0}};
    EXPECT_EQ(log.load_cursor(export_cursor("nightly"), at).value()->next, offset{0});
    ASSERT_TRUE(run());
    const auto state = log.load_cursor(export_cursor("nightly"), at).value().value();
    EXPECT_EQ(state.next, offset{5});
    EXPECT_EQ(state.counts.delivered, 5U);
}

TEST_F(ExportJob, AnUnknownDatasetIsNamed)
{
    settings.dataset = "shoop";
    EXPECT_NE(run().error().message.find("shoop"), std::string::npos);
}

TEST_F(ExportJob, WrongSettingsAreFoundBeforeTheFirstRun)
{
    EXPECT_TRUE(check_exports({{"nightly", settings}}));
    auto bad = settings;
    bad.start_at = "soon";
    bad.interval = std::chrono::hours{1};
    EXPECT_NE(check_exports({{"bad", bad}}).error().message.find("'bad'"), std::string::npos);
    bad.enabled = false;
    EXPECT_TRUE(check_exports({{"bad", bad}}));
    EXPECT_TRUE(check_exports({{"one", settings}, {"two", settings}}).has_error());
}

TEST_F(ExportJob, ARunSurvivesItsStoredForm)
{
    append(0, numbered(0, 5));
    const auto done = run().value();
    const auto stored = log.list_documents(run_collection).value().at(0).second;
    const auto again = run_document_from_json(stored).value();
    EXPECT_EQ(to_json(again), stored);
    EXPECT_EQ(again.run.files.at(0).sha256, done.files.at(0).sha256);
    EXPECT_TRUE(run_document_from_json("{\"version\":9}").has_error());
    EXPECT_TRUE(run_document_from_json("not json").has_error());
}

TEST_F(ExportJob, TheSchedulerRunsWhatIsDueAndWhatIsTriggered)
{
    append(0, numbered(0, 5));
    settings.interval = std::chrono::hours{1};
    {
        export_scheduler scheduler(log, {{"nightly", settings}}, clock);
        scheduler.start();
        while (scheduler.stats().at("nightly")->runs_succeeded == 0) std::this_thread::yield();
        append(0, numbered(5, 7));
        scheduler.trigger("nightly");
        while (scheduler.stats().at("nightly")->runs_succeeded == 1) std::this_thread::yield();
    }
    const auto runs = list_runs(log, "nightly").value();
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(exported_lines(), numbered(0, 7));
    bool has_window = false;
    for (const auto& r : runs)
        has_window |= r.boundary == wall_time{std::chrono::seconds{1795377600}};
    EXPECT_TRUE(has_window) << "a scheduled run bears its window's boundary";
}

TEST_F(ExportJob, OnlyTheOwnerOfPartitionZeroExportsAndItExportsAllPartitions)
{
    append(0, numbered(0, 3));
    append(1, numbered(3, 5));
    log.own("shop", {1});
    const auto refused = run();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(export_errc::not_owner));
    EXPECT_TRUE(files().empty());
    log.own("shop", {0, 1});
    EXPECT_EQ(run().value().rows, 5U);
}

TEST_F(ExportJob, ARunThatLosesThePartitionLeavesTheRestToTheNewOwner)
{
    append(0, numbered(0, 25));
    settings.rows_per_file_max = 10;
    int steps = 0;
    const auto lost = run([&](step_kind) {
        if (++steps == 4) log.lose_silently("shop", {1});
        return true;
    });
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, make_error_code(export_errc::not_owner));
    log.own("shop", {0, 1});
    EXPECT_EQ(run().value().rows, 25U) << "the same run goes on";
    EXPECT_EQ(exported_lines(), numbered(0, 25));
    EXPECT_EQ(list_runs(log, "nightly").value().size(), 1U);
}

/// A gateway that slept after it had looked at the positions.
TEST_F(ExportJob, APlanMadeWhileAnotherGatewayExportedIsTakenBack)
{
    append(0, {R"({"n":1})", R"({"n":2})"});
    bool has_slept = false;
    auto late = run([&](step_kind step) {
        if (step == step_kind::store_plan && !has_slept) {
            has_slept = true;
            append(0, {R"({"n":3})"});
            clock.now += std::chrono::minutes{1};
            EXPECT_TRUE(run());  // the other one, from the same positions on
        }
        return true;
    });
    ASSERT_TRUE(has_slept);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, make_error_code(export_errc::not_owner)) << late.error().message;
    const auto after_one = files();
    EXPECT_EQ(after_one.size(), 1u) << "three rows once, in the other one's file";
    EXPECT_EQ(list_runs(log, "nightly")->size(), 1u) << "the plan is gone";
    auto next = run();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->rows, 0u);
    EXPECT_EQ(files(), after_one);
}

TEST_F(ExportJob, ARunThatAnotherGatewayFinishedMeanwhileIsNotCommittedAgain)
{
    append(0, numbered(0, 5));
    std::function<bool(step_kind)> sleep_before_commit = [&](step_kind step) {
        if (step != step_kind::commit) return true;
        const auto other = run();
        EXPECT_TRUE(other && other->rows == 5U);
        append(0, numbered(5, 8));
        EXPECT_EQ(run().value().rows, 3U);
        return true;
    };
    const auto late = run(sleep_before_commit);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, make_error_code(export_errc::not_owner));
    EXPECT_EQ(run().value().rows, 0U) << "the cursor did not move back";
    EXPECT_EQ(exported_lines(), numbered(0, 8));
}

}  // namespace
}  // namespace sluice::batch
