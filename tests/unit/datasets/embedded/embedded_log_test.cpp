#include "tests/unit/datasets/log_fixture.hpp"

namespace sluice::datasets {

namespace {

using EmbeddedLog = log_test;

}  // namespace

TEST_F(EmbeddedLog, AnAcknowledgedWriteIsThereAfterReopening)
{
    open();
    declare();
    auto where = append("a", R"({"n":1e400})");
    ASSERT_TRUE(where);
    EXPECT_EQ(where->value(), 0u);
    open();
    auto batch = read(offset{0});
    ASSERT_TRUE(batch && *batch);
    EXPECT_EQ((*batch)->at(0).id, "a");
    EXPECT_EQ((*batch)->at(0).content, R"({"n":1e400})");
    EXPECT_EQ((*batch)->at(0).source, "native");
}

TEST_F(EmbeddedLog, OffsetsHaveNoHolesAndGoOnAfterReopening)
{
    open();
    declare();
    append_many(50, "a");
    open();
    append_many(50, "b");
    auto all = ids();
    ASSERT_EQ(all.size(), 100u);
    EXPECT_EQ(all.front(), "a0");
    EXPECT_EQ(all.back(), "b49");
    auto extent = log->extent(at());
    ASSERT_TRUE(extent);
    EXPECT_EQ(extent->begin.value(), 0u);
    EXPECT_EQ(extent->end.value(), 100u);
    EXPECT_EQ(extent->lost, 0u);
}

TEST_F(EmbeddedLog, ABatchLargerThanAValueIsSplitAndComesBackInOrder)
{
    settings.store.value_bytes_max = 1000;
    open();
    declare();
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) names.push_back("e" + std::to_string(i));
    std::vector<new_record> records;
    for (const auto& name : names)
        records.push_back(record(name, std::string_view("{\"a\":1234567890}")));
    std::array parts{append_part{at(), records}};
    log_write what;
    what.appends = parts;
    auto written = write(what);
    ASSERT_TRUE(written);
    EXPECT_EQ(ids(), names);
    open();
    EXPECT_EQ(ids(), names);
    EXPECT_EQ(ids(offset{42}), std::vector<std::string>(names.begin() + 42, names.end()));
}

TEST_F(EmbeddedLog, ACursorAndTheRecordsOfItsWriteAppearTogether)
{
    open();
    declare();
    declare("dead");
    append_many(3, "a");
    std::array records{record("a0", "{}")};
    std::array parts{append_part{at(0, "dead"), records}};
    cursor_state state{offset{1}, offset{0}, {.dead = 1}};
    std::array cursors{cursor_update{cursor_name{"lane/crm"}, at(), state}};
    std::array documents{document_update{"runs", "1", "content"}};
    log_write what{parts, cursors, documents, true};
    ASSERT_TRUE(write(what));
    open();
    auto cursor = log->load_cursor(cursor_name{"lane/crm"}, at());
    ASSERT_TRUE(cursor && *cursor);
    EXPECT_EQ((*cursor)->next.value(), 1u);
    EXPECT_EQ((*cursor)->counts.dead, 1u);
    EXPECT_EQ(ids({}, at(0, "dead")), std::vector<std::string>{"a0"});
    auto found = log->list_documents("runs");
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ((*found)[0].second, "content");
    auto all = log->list_cursors();
    ASSERT_TRUE(all);
    EXPECT_EQ(all->size(), 1u);
}

TEST_F(EmbeddedLog, AWriteWithOneUnknownDatasetWritesNothing)
{
    open();
    declare();
    std::array records{record("a", "{}")};
    std::array parts{append_part{at(), records}, append_part{at(0, "nowhere"), records}};
    log_write what;
    what.appends = parts;
    auto written = write(what);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, make_error_code(log_errc::unknown_dataset));
    EXPECT_TRUE(ids().empty());
    EXPECT_EQ(append("b", "{}", at(7)).error().code, make_error_code(log_errc::unknown_partition));
}

TEST_F(EmbeddedLog, AWaitIsOverOnceWhenTheEndMoves)
{
    open();
    declare();
    std::atomic<int> calls{0};
    log->wait_beyond(at(), offset{0}, [&calls] { ++calls; });
    auto cancelled = log->wait_beyond(at(), offset{0}, [&calls] { calls += 100; });
    log->cancel_wait(cancelled);
    EXPECT_EQ(calls, 0);
    append_many(3, "a");
    log->close();
    EXPECT_EQ(calls, 1);
}

TEST_F(EmbeddedLog, AWaitForWhatIsThereIsOverAtOnce)
{
    open();
    declare();
    append_many(1, "a");
    int calls = 0;
    log->wait_beyond(at(), offset{0}, [&calls] { ++calls; });
    EXPECT_EQ(calls, 1);
}

TEST_F(EmbeddedLog, ClosingFinishesWhatWasQueuedAndRefusesWhatComesLater)
{
    open();
    declare();
    std::atomic<int> good{0};
    std::array records{record("a", "{}")};
    std::array parts{append_part{at(), records}};
    log_write what;
    what.appends = parts;
    for (int i = 0; i < 100; ++i) log->write(what, [&good](auto r) { good += r ? 1 : 0; });
    log->close();
    EXPECT_EQ(good, 100);
    EXPECT_EQ(write(what).error().code, make_error_code(log_errc::closed));
    open();
    EXPECT_EQ(ids().size(), 100u);
}

TEST_F(EmbeddedLog, ASecondProcessIsToldThatTheFolderIsInUse)
{
    open();
    auto second = embedded::embedded_log::open(settings);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, make_error_code(log_errc::locked));
    EXPECT_NE(second.error().message.find("data_dir"), std::string::npos);
}

TEST_F(EmbeddedLog, AFolderOfANewerVersionIsRefused)
{
    std::filesystem::create_directories(settings.data_dir);
    std::ofstream(settings.data_dir + "/FORMAT") << "sluice-log 2\n";
    auto opened = embedded::embedded_log::open(settings);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, make_error_code(log_errc::newer_format));
}

TEST_F(EmbeddedLog, AReadOnlyLogFollowsTheRunningOne)
{
    open();
    declare();
    append_many(3, "a");
    auto beside = settings;
    beside.is_read_only = true;
    auto reader = embedded::embedded_log::open(beside);
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ((*reader)->extent(at())->end.value(), 3u);
    append_many(2, "b");
    (*reader)->maintain_now();
    EXPECT_EQ((*reader)->extent(at())->end.value(), 5u);
    std::swap(log, *reader);
    EXPECT_EQ(ids().back(), "b1");
    EXPECT_FALSE(append("c"));
}

TEST_F(EmbeddedLog, RetentionByAgeNeverPassesAnUnreadCursor)
{
    open();
    dataset_spec spec{dataset_name{"orders"}, 1, std::chrono::hours{1}, {}, false, {}};
    ASSERT_TRUE(log->open_dataset(spec));
    append_many(10, "a");
    clock.advance(std::chrono::hours{2});
    log->maintain_now();
    EXPECT_EQ(log->extent(at())->begin.value(), 0u) << "the readers were not known yet";
    log->set_readers(dataset_name{"orders"}, {cursor_name{"lane/x"}});
    log->maintain_now();
    EXPECT_EQ(log->extent(at())->begin.value(), 0u) << "the reader has no cursor yet";
    std::array cursors{cursor_update{cursor_name{"lane/x"}, at(), {offset{4}, offset{0}, {}}}};
    log_write what;
    what.cursors = cursors;
    ASSERT_TRUE(write(what));
    log->maintain_now();
    EXPECT_EQ(log->extent(at())->begin.value(), 4u);
    EXPECT_EQ(ids(offset{4}).size(), 6u);
    spec.trim_unread = true;
    ASSERT_TRUE(log->open_dataset(spec));
    log->maintain_now();
    EXPECT_EQ(log->extent(at())->begin.value(), 10u);
    open();
    EXPECT_EQ(log->extent(at())->begin.value(), 10u);
    EXPECT_EQ(log->extent(at())->lost, 0u) << "trimmed is not lost";
    EXPECT_EQ(append("next")->value(), 10u);
}

TEST_F(EmbeddedLog, RetentionByBytesKeepsTheNewest)
{
    open();
    dataset_spec spec{dataset_name{"orders"}, 1, {}, 2000, false, {}};
    ASSERT_TRUE(log->open_dataset(spec));
    log->set_readers(dataset_name{"orders"}, {});
    append_many(50, "a", 100);
    log->maintain_now();
    auto extent = log->extent(at());
    EXPECT_EQ(extent->begin.value(), 30u);
    EXPECT_EQ(extent->bytes, 2000u);
    EXPECT_EQ(ids(extent->begin).front(), "a30");
}

TEST_F(EmbeddedLog, AQuotaRefusesEventsButNotCursorsAndHeals)
{
    open();
    dataset_spec spec{dataset_name{"orders"}, 1, {}, 500, false, 1000};
    ASSERT_TRUE(log->open_dataset(spec));
    append_many(10, "a", 100);
    EXPECT_EQ(append("b").error().code, make_error_code(log_errc::refusing));
    std::array cursors{cursor_update{cursor_name{"lane/x"}, at(), {offset{4}, offset{0}, {}}}};
    log_write what;
    what.cursors = cursors;
    EXPECT_TRUE(write(what));
    log->set_readers(dataset_name{"orders"}, {});
    log->maintain_now();
    EXPECT_TRUE(append("b"));
}

TEST_F(EmbeddedLog, AFullDiskRefusesEventsButNotInternalWritesAndHeals)
{
    settings.store.free_bytes_min = 1000;
    open();
    declare();
    log->set_free_bytes_for_test(999);
    EXPECT_EQ(append("a").error().code, make_error_code(log_errc::refusing));
    EXPECT_EQ(log->status().health, log_health::refusing);
    EXPECT_FALSE(log->status().reason.empty());
    std::array records{record("dead", "{}")};
    std::array parts{append_part{at(), records}};
    log_write what{parts, {}, {}, true};
    EXPECT_TRUE(write(what));
    log->set_free_bytes_for_test(1000);
    EXPECT_TRUE(append("b"));
    EXPECT_EQ(log->status().health, log_health::ok);
}

TEST_F(EmbeddedLog, MoreThanTheQueueHoldsIsOverload)
{
    settings.store.queue_bytes_max = 100'000;
    open();
    declare();
    const std::string content(60'000, 'x');
    std::array records{record("a", content)};
    std::array parts{append_part{at(), records}};
    log_write what;
    what.appends = parts;
    std::promise<void> go;
    auto held = go.get_future().share();
    // the appender is held in a handler, so that the queue cannot empty itself
    log->write(what, [held](auto) { held.wait(); });
    std::atomic<int> overloaded{0};
    for (int i = 0; i < 4; ++i) {
        log->write(what, [&overloaded](auto r) {
            if (!r && r.error().code == make_error_code(log_errc::overloaded)) ++overloaded;
        });
    }
    EXPECT_GE(overloaded, 2);
    go.set_value();
}

TEST_F(EmbeddedLog, ATimeFindsItsOffset)
{
    open();
    declare();
    append_many(3, "a");
    clock.advance(std::chrono::seconds{10});
    auto when = clock.wall_now();
    append_many(3, "b");
    EXPECT_EQ(log->offset_at(at(), when)->value(), 3u);
    EXPECT_EQ(log->offset_at(at(), wall_time{})->value(), 0u);
    EXPECT_EQ(log->offset_at(at(), when + std::chrono::hours{1})->value(), 6u);
}

TEST_F(EmbeddedLog, DatasetsAndTheirSettingsSurviveAndOnlyGainPartitions)
{
    open();
    declare("orders", 2);
    declare("orders", 4);
    declare("orders", 3);
    open();
    auto specs = log->list_datasets();
    ASSERT_EQ(specs.size(), 1u);
    EXPECT_EQ(specs[0].partitions, 4u);
    EXPECT_EQ(log->owned_partitions(dataset_name{"orders"}).size(), 4u);
}

TEST_F(EmbeddedLog, EveryFsyncModeKeepsWhatItAcknowledgedAcrossAClose)
{
    for (auto mode : {config::fsync_mode::group, config::fsync_mode::each,
                      config::fsync_mode::interval, config::fsync_mode::off}) {
        settings.store.fsync = mode;
        open();
        declare();
        append_many(5, "a");
    }
    open();
    EXPECT_EQ(ids().size(), 20u);
}

TEST_F(EmbeddedLog, ManyWritersGetOffsetsOfTheirOwn)
{
    open();
    declare("orders", 4);
    constexpr int threads = 8;
    constexpr int each = 50;
    std::vector<std::thread> writers;
    std::array<std::atomic<int>, 4> per_partition{};
    for (int t = 0; t < threads; ++t) {
        writers.emplace_back([this, t, &per_partition] {
            for (int i = 0; i < each; ++i) {
                auto key = std::to_string(t) + "-" + std::to_string(i);
                auto to = partition_of(key, 4);
                if (append(key, "{}", at(to.value()))) ++per_partition[to.value()];
            }
        });
    }
    std::vector<std::string> seen;
    for (auto& w : writers) w.join();
    for (std::uint32_t p = 0; p < 4; ++p) {
        auto found = ids({}, at(p));
        EXPECT_EQ(found.size(), static_cast<std::size_t>(per_partition[p]));
        seen.insert(seen.end(), found.begin(), found.end());
    }
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::unique(seen.begin(), seen.end()) - seen.begin(), threads * each);
}

}  // namespace sluice::datasets
