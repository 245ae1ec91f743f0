#include "tests/unit/datasets/kafka/kafka_fixture.hpp"

namespace sluice::datasets::kafka {

namespace {

struct KafkaOwnership : kafka_test {
    KafkaOwnership() { create_topic("sluice.wide", 4); }

    std::unique_ptr<kafka_log> join()
    {
        auto one = make_log();
        declare(*one, "wide", 4);
        return one;
    }
    static std::set<std::uint32_t> owned(const kafka_log& log)
    {
        std::set<std::uint32_t> out;
        for (auto p : log.owned_partitions(dataset_name{"wide"})) out.insert(p.value());
        return out;
    }
    /// Each partition has one owner.
    static bool is_shared_out(const kafka_log& a, const kafka_log& b)
    {
        const auto of_a = owned(a);
        const auto of_b = owned(b);
        auto both = of_a;
        both.insert(of_b.begin(), of_b.end());
        return both.size() == 4 && of_a.size() == 2 && of_b.size() == 2;
    }
};

}  // namespace

TEST_F(KafkaOwnership, TwoGatewaysShareAndTheLeaversPartAndLastCursorsAreTakenOver)
{
    auto first = join();
    ASSERT_TRUE(eventually([&] { return owned(*first).size() == 4; }, 20s));
    std::atomic<int> changes{0};
    // a lane that stores its cursor when it is told to let go
    std::atomic<bool> has_stored{false};
    first->watch_ownership([&](const dataset_name& dataset) {
        EXPECT_EQ(dataset.value(), "wide");
        ++changes;
        const auto mine = owned(*first);
        for (std::uint32_t p = 0; p < 4; ++p) {
            if (mine.contains(p)) continue;
            auto stored =
                commit(*first, {offset{0}, offset{0}, {.filtered = 7}}, at(p, "wide"), false);
            EXPECT_TRUE(stored) << stored.error().message;
            has_stored = true;
        }
    });
    auto second = join();
    ASSERT_TRUE(eventually([&] { return is_shared_out(*first, *second); }, 30s));
    EXPECT_TRUE(has_stored);
    EXPECT_GE(changes, 1);
    const auto others = owned(*second);
    const auto taken = *others.begin();
    auto cursor = second->load_cursor(cursor_name{"lane/crm"}, at(taken, "wide"));
    ASSERT_TRUE(cursor && *cursor) << "stored before the next owner began";
    EXPECT_EQ((*cursor)->counts.filtered, 7u);

    // who does not own a partition learns of its end when it loads a cursor
    std::array records{record("new")};
    std::array parts{append_part{at(taken, "wide"), records}};
    log_write what;
    what.appends = parts;
    ASSERT_TRUE(write(*second, what));
    ASSERT_TRUE(first->load_cursor(cursor_name{"lane/crm"}, at(taken, "wide")));
    EXPECT_EQ(first->extent(at(taken, "wide"))->end.value(), 1u);

    // a cursor of a partition that went away is refused, unless ownership does not matter
    ASSERT_TRUE(eventually([&] {
        auto late = commit(*first, {offset{0}, offset{0}, {}}, at(taken, "wide"), false);
        return !late && late.error().code == make_error_code(log_errc::not_owned);
    }));
    EXPECT_TRUE(commit(*first, {offset{0}, offset{0}, {}}, at(taken, "wide"), true));

    first->watch_ownership({});
    first->close();
    ASSERT_TRUE(eventually([&] { return owned(*second).size() == 4; }, 20s));
}

TEST_F(KafkaOwnership, TheGatewaysOwnLogsDoNotCountWhenDatasetsAreSharedOut)
{
    create_topic("sluice._retry.crm", 8);
    const auto own_logs = [](const kafka_log& of) {
        return of.owned_partitions(dataset_name{"_retry.crm"}).size();
    };
    // one gateway has everything, then another comes
    auto first = make_log();
    declare(*first, "_retry.crm", 8);
    declare(*first, "wide", 4);
    ASSERT_TRUE(
        eventually([&] { return owned(*first).size() == 4 && own_logs(*first) == 8; }, 20s));
    auto second = make_log();
    declare(*second, "_retry.crm", 8);
    declare(*second, "wide", 4);
    EXPECT_TRUE(eventually(
        [&] {
            return is_shared_out(*first, *second) && own_logs(*first) == 4 &&
                   own_logs(*second) == 4;
        },
        30s));
}

TEST_F(KafkaOwnership, AWatcherThatHangsDelaysAHandoverOnlyForABoundedTime)
{
    auto first = join();
    auto second = join();
    ASSERT_TRUE(eventually([&] { return is_shared_out(*first, *second); }, 30s));
    // a watcher that hangs keeps the membership alive, but only for a bounded time
    std::promise<void> go;
    auto held = go.get_future().share();
    first->watch_ownership([held](const dataset_name&) { held.wait(); });
    auto third = join();
    ASSERT_TRUE(eventually([&] { return owned(*second).size() + owned(*third).size() >= 2; }, 30s));
    ASSERT_TRUE(eventually([&] { return !owned(*third).empty(); }, 30s));
    go.set_value();
    first->close();
    ASSERT_TRUE(eventually([&] { return owned(*second).size() + owned(*third).size() == 4; }, 30s));
}

}  // namespace sluice::datasets::kafka
