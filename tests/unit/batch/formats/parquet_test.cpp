#include <nlohmann/json.hpp>

#include "batch/export_error.hpp"
#include "batch/formats/arrow_loader.hpp"
#include "tests/unit/batch/export_fixture.hpp"

namespace sluice::batch {
namespace {

using nlohmann::json;

class Parquet : public test::export_fixture {
protected:
    void SetUp() override
    {
        export_fixture::SetUp();
        if (!load_arrow()) GTEST_SKIP() << "built without Arrow: " << load_arrow().error().message;
        settings.format = config::export_format::parquet;
    }
    std::vector<json> rows_of(const flow_run& run)
    {
        std::vector<json> out;
        for (const auto& f : run.files) {
            auto read = read_parquet_file(std::filesystem::path(settings.directory) / f.path,
                                          [&](std::string_view text) {
                                              out.push_back(json::parse(text));
                                              return true;
                                          });
            EXPECT_TRUE(read) << read.error().message;
        }
        return out;
    }
    /// The row without what Sluice added.
    static json event_of(json row)
    {
        for (const char* name :
             {"_sluice_offset", "_sluice_partition", "_sluice_received_at", "_sluice_id"}) {
            EXPECT_TRUE(row.contains(name)) << name;
            row.erase(name);
        }
        return row;
    }
};

TEST_F(Parquet, EventsComeBackAsTheyWere)
{
    const std::vector<std::string> events{
        R"({"t":"x","n":1,"d":2.5,"b":false,"s":{"u":"v","deep":{"k":[1,2,3]}}})",
        R"({"t":"é\n","l":[{"sku":"a","price":1.25},{"sku":"b"}]})",
        R"({"n":-9223372036854775808})"};
    append(0, events);
    append(1, {R"({"t":"other partition"})"});
    for (const auto compression :
         {config::export_compression::automatic, config::export_compression::none,
          config::export_compression::gzip, config::export_compression::snappy}) {
        settings.compression = compression;
        const std::string name = "by" + std::to_string(static_cast<int>(compression));
        settings.folder = name;
        const auto done = run_export(log, name, settings, clock, stats, stop);
        ASSERT_TRUE(done) << done.error().message;
        const auto rows = rows_of(*done);
        ASSERT_EQ(rows.size(), 4U);
        for (std::size_t i = 0; i < events.size(); ++i) {
            EXPECT_EQ(event_of(rows[i]), json::parse(events[i]));
            EXPECT_EQ(rows[i].at("_sluice_offset"), i);
            EXPECT_EQ(rows[i].at("_sluice_id"), "id-" + std::to_string(i));
        }
        EXPECT_EQ(rows[0].at("_sluice_received_at"), "2026-11-22T20:59:49.000000Z");
        EXPECT_EQ(rows[3].at("_sluice_partition"), 1);
    }
}

TEST_F(Parquet, ColumnsGrowFromRunToRunAndNothingIsLost)
{
    append(0, {R"({"a":1,"t":"x"})"});
    const auto first = run().value();
    append(0, {R"({"a":2.5,"b":"new"})", R"({"t":5,"big":123456789012345678901234})"});
    const auto second = run().value();
    EXPECT_NE(first.files.at(0).schema_id, second.files.at(0).schema_id);
    EXPECT_EQ(event_of(rows_of(first).at(0)), json::parse(R"({"a":1,"t":"x"})"));
    const auto rows = rows_of(second);
    EXPECT_EQ(event_of(rows.at(0)), json::parse(R"({"a":2.5,"b":"new"})"));
    EXPECT_EQ(rows.at(1).at("_rescued"), R"({"/t":5,"/big":123456789012345678901234})");
    append(0, {R"({"a":3})"});
    const auto third = run().value();
    EXPECT_EQ(third.files.at(0).schema_id, second.files.at(0).schema_id)
        << "learnt columns are kept";
}

TEST_F(Parquet, NewColumnsInTheMiddleOfAFileBeginItAgain)
{
    const std::string filler(3000, 'f');
    std::vector<std::string> events;
    for (int i = 0; i < 200; ++i) {
        const auto late = i >= 150 ? ",\"late" + std::to_string(i / 20) + "\":1.5" : std::string();
        events.push_back("{\"f\":\"" + filler + "\",\"i\":" + std::to_string(i) + late + "}");
    }
    append(0, events);
    settings.buffer_bytes_max = 256 * 1024;  // several row groups
    const auto done = run();
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(done->files.size(), 1U);
    const auto rows = rows_of(*done);
    ASSERT_EQ(rows.size(), 200U);
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(event_of(rows[i]), json::parse(events[i]));
}

TEST_F(Parquet, ACrashAnywhereRepeatsTheSameBytes)
{
    std::vector<std::string> events;
    for (int i = 0; i < 50; ++i) {
        const auto extra =
            i % 7 == 6 ? ",\"x" + std::to_string(i) + "\":" + std::to_string(i) : std::string();
        events.push_back("{\"i\":" + std::to_string(i) + extra + "}");
    }
    append(0, events);
    settings.rows_per_file_max = 20;
    settings.file_name = "%PARTITION%-%FIRST_OFFSET%";
    settings.folder = "%DATASET_NAME%";
    std::map<std::string, std::string> expected;
    for (int crash_at = 0; crash_at < 20; ++crash_at) {
        settings.directory = root / std::to_string(crash_at);
        const std::string name = "crash" + std::to_string(crash_at);
        int steps = 0;
        const run_request later{.log = log,
                                .name = name,
                                .settings = settings,
                                .clock = clock,
                                .stats = stats,
                                .stop = stop};
        auto first = later;
        first.hook = [&](step_kind) { return steps++ != crash_at; };
        const bool ran_through = run_export_at(first).has_value();
        ASSERT_TRUE(run_export_at(later).has_value());
        if (expected.empty()) expected = files();
        EXPECT_EQ(expected.size(), 3U);
        EXPECT_EQ(files(), expected) << "crash before step " << crash_at;
        if (ran_through) return;
    }
    FAIL() << "the run never ended by itself";
}

}  // namespace
}  // namespace sluice::batch
