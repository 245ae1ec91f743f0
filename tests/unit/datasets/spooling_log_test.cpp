#include "datasets/spooling_log.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "datasets/log_error.hpp"
#include "tests/support/memory_log.hpp"

namespace sluice::datasets {

namespace {

using namespace std::chrono_literals;

class SpoolingLog : public ::testing::Test {
protected:
    SpoolingLog()
    {
        auto for_cluster = std::make_unique<test::memory_log>();
        auto for_local = std::make_unique<test::memory_log>();
        cluster = for_cluster.get();
        local = for_local.get();
        log = std::make_unique<spooling_log>(std::move(for_cluster), std::move(for_local),
                                             spool_settings{.retry_period = 1ms});
        EXPECT_TRUE(log->open_dataset({.name = dataset_name{"web"}, .partitions = 2}));
    }

    void cluster_goes() { cluster->fail_writes(make_error_code(log_errc::refusing)); }
    void cluster_returns() { cluster->fail_writes({}); }

    std::future<bool> begin(std::uint32_t partition, const std::string& event)
    {
        const new_record record{.id = event, .key = "k", .content = event};
        const append_part part{{dataset_name{"web"}, partition_id{partition}}, {&record, 1}};
        auto done = std::make_shared<std::promise<bool>>();
        auto answer = done->get_future();
        log->write({.appends = {&part, 1}, .cursors = {}, .documents = {}},
                   [done](const auto& r) { done->set_value(r.has_value()); });
        return answer;
    }
    bool post(std::uint32_t partition, const std::string& event)
    {
        return begin(partition, event).get();
    }

    static std::vector<std::string> ids(const test::memory_log& of, std::uint32_t partition)
    {
        std::vector<std::string> out;
        for (const auto& r : of.records("web", partition)) out.push_back(r.id);
        return out;
    }
    template <class Condition>
    void until(Condition holds)
    {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!holds() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
        EXPECT_TRUE(holds());
    }

    std::unique_ptr<spooling_log> log;
    test::memory_log* cluster = nullptr;
    test::memory_log* local = nullptr;
};

TEST_F(SpoolingLog, WritesToTheClusterAsLongAsItAnswers)
{
    EXPECT_TRUE(post(0, "a"));
    EXPECT_EQ(ids(*cluster, 0), std::vector<std::string>{"a"});
    EXPECT_TRUE(ids(*local, 0).empty());
    EXPECT_EQ(log->status().health, log_health::ok);
}

TEST_F(SpoolingLog, AcknowledgesFromTheLocalDiskAndForwardsInOrderWhenTheClusterIsBack)
{
    EXPECT_TRUE(post(0, "a"));
    cluster_goes();
    EXPECT_TRUE(post(0, "b"));
    EXPECT_TRUE(post(1, "x"));
    EXPECT_TRUE(post(0, "c"));
    EXPECT_EQ(log->spooled_events(), 3u);
    EXPECT_EQ(log->status().health, log_health::ok) << "events are still taken";
    EXPECT_NE(log->status().reason.find("3 wait"), std::string::npos) << log->status().reason;
    cluster_returns();
    until([&] { return log->spooled_events() == 0; });
    EXPECT_EQ(ids(*cluster, 0), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(ids(*cluster, 1), std::vector<std::string>{"x"});
    until([&] { return log->status().reason.empty(); });
}

TEST_F(SpoolingLog, KeepsContentKeyAndReceiveTimeByteForByte)
{
    cluster_goes();
    const new_record record{.id = "i",
                            .key = "key",
                            .type = "t",
                            .datastream = "d",
                            .source = "native",
                            .received_at = wall_time{1'700'000'000'123ms},
                            .content = "{\"n\": 1.50 , \"big\":123456789012345678901234567890}",
                            .extra = "{\"x\":1}"};
    const append_part part{{dataset_name{"web"}, partition_id{0}}, {&record, 1}};
    std::promise<bool> done;
    log->write({.appends = {&part, 1}, .cursors = {}, .documents = {}},
               [&](const auto& r) { done.set_value(r.has_value()); });
    ASSERT_TRUE(done.get_future().get());
    cluster_returns();
    until([&] { return cluster->records("web", 0).size() == 1; });
    const auto kept = cluster->records("web", 0)[0];
    EXPECT_EQ(kept.content, record.content);
    EXPECT_EQ(kept.key, "key");
    EXPECT_EQ(kept.received_at, record.received_at);
    EXPECT_EQ(kept.extra, record.extra);
    EXPECT_EQ(kept.datastream, "d");
}

TEST_F(SpoolingLog, NewEventsQueueBehindTheSpoolUntilItIsEmpty)
{
    cluster_goes();
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(post(0, "s" + std::to_string(i)));
    cluster_returns();
    std::vector<std::string> expected;
    for (int i = 0; i < 200; ++i) expected.push_back("s" + std::to_string(i));
    for (int i = 0; i < 500; ++i) {
        EXPECT_TRUE(post(0, "n" + std::to_string(i)));
        expected.push_back("n" + std::to_string(i));
    }
    until([&] { return log->spooled_events() == 0 && ids(*cluster, 0).size() == 700; });
    EXPECT_EQ(ids(*cluster, 0), expected);
}

TEST_F(SpoolingLog, ReachesTheEndUnderLoadFromManySides)
{
    cluster_goes();
    EXPECT_TRUE(post(0, "first"));
    std::atomic<bool> stop{false};
    std::vector<std::thread> posters;
    std::atomic<int> acked{1};
    for (int t = 0; t < 4; ++t) {
        posters.emplace_back([&, t] {
            for (int i = 0; !stop; ++i) {
                if (post(0, "t" + std::to_string(t) + "." + std::to_string(i))) ++acked;
            }
        });
    }
    std::this_thread::sleep_for(20ms);
    cluster_returns();
    until([&] { return log->spooled_events() == 0 && log->status().reason.empty(); });
    stop = true;
    for (auto& p : posters) p.join();
    until([&] { return ids(*cluster, 0).size() == static_cast<std::size_t>(acked.load()); });
    // each poster waits for its answer, so its own events must stand in its order
    std::map<char, int> next;
    for (const auto& id : ids(*cluster, 0)) {
        if (id[0] != 't') continue;
        EXPECT_EQ(std::stoi(id.substr(3)), next[id[1]]++) << id;
    }
}

TEST_F(SpoolingLog, TheClusterMayGoAgainWhileTheSpoolIsBeingEmptied)
{
    cluster_goes();
    EXPECT_TRUE(post(0, "a"));
    cluster_returns();
    cluster_goes();
    EXPECT_TRUE(post(0, "b"));
    EXPECT_TRUE(post(0, "c"));
    cluster_returns();
    until([&] { return log->spooled_events() == 0; });
    EXPECT_TRUE(post(0, "d"));
    until([&] { return ids(*cluster, 0).size() == 4; });
    EXPECT_EQ(ids(*cluster, 0), (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(SpoolingLog, CursorsAndDocumentsNeverSpool)
{
    cluster_goes();
    const cursor_update cursor{cursor_name{"lane/x"}, {dataset_name{"web"}, partition_id{0}}, {}};
    std::promise<bool> done;
    log->write({.appends = {}, .cursors = {&cursor, 1}, .documents = {}, .is_internal = true},
               [&](const auto& r) { done.set_value(r.has_value()); });
    EXPECT_FALSE(done.get_future().get());
}

TEST_F(SpoolingLog, SaysSoWhenTheSpoolIsFullToo)
{
    cluster_goes();
    local->fail_writes(make_error_code(log_errc::refusing));
    EXPECT_FALSE(post(0, "a"));
    EXPECT_EQ(log->status().health, log_health::refusing);
    EXPECT_NE(log->status().reason.find("the spool takes none"), std::string::npos);
}

/// Hands everything over to a log that outlives the one under test, as a disk outlives a crash.
class shared_log final : public event_log {
public:
    explicit shared_log(test::memory_log& to) : to_(to) {}
    result<void> open_dataset(const dataset_spec& spec) override
    {
        // memory_log would begin anew
        for (const auto& known : to_.list_datasets()) {
            if (known.name == spec.name) return {};
        }
        return to_.open_dataset(spec);
    }
    void set_readers(const dataset_name&, std::vector<cursor_name>) override {}
    void write(const log_write& what, write_handler handler) override
    {
        to_.write(what, std::move(handler));
    }
    void read(const partition_ref& at, offset from, read_handler handler) override
    {
        to_.read(at, from, std::move(handler));
    }
    std::uint64_t wait_beyond(const partition_ref& at, offset seen,
                              std::function<void()> handler) override
    {
        return to_.wait_beyond(at, seen, std::move(handler));
    }
    void cancel_wait(std::uint64_t id) override { to_.cancel_wait(id); }
    result<partition_extent> extent(const partition_ref& at) const override
    {
        return to_.extent(at);
    }
    std::vector<dataset_spec> list_datasets() const override { return to_.list_datasets(); }
    std::vector<partition_id> owned_partitions(const dataset_name& d) const override
    {
        return to_.owned_partitions(d);
    }
    void watch_ownership(std::function<void(const dataset_name&)>) override {}
    result<std::optional<cursor_state>> load_cursor(const cursor_name& name,
                                                    const partition_ref& at) const override
    {
        return to_.load_cursor(name, at);
    }
    result<std::vector<cursor_update>> list_cursors() const override { return to_.list_cursors(); }
    result<std::vector<std::pair<std::string, std::string>>> list_documents(
        std::string_view collection) const override
    {
        return to_.list_documents(collection);
    }
    result<offset> offset_at(const partition_ref& at, wall_time when) const override
    {
        return to_.offset_at(at, when);
    }
    log_status status() const override { return to_.status(); }
    void close() override {}

private:
    test::memory_log& to_;
};

TEST(SpoolingLogAfterACrash, ForwardsWhatWasLeftBeforeWhatComes)
{
    test::memory_log cluster, disk;
    const auto start = [&] {
        auto log = std::make_unique<spooling_log>(std::make_unique<shared_log>(cluster),
                                                  std::make_unique<shared_log>(disk),
                                                  spool_settings{.retry_period = 1ms});
        EXPECT_TRUE(log->open_dataset({.name = dataset_name{"web"}, .partitions = 1}));
        return log;
    };
    const auto post = [](event_log& log, const std::string& id) {
        const new_record record{.id = id, .content = id};
        const append_part part{{dataset_name{"web"}, partition_id{0}}, {&record, 1}};
        std::promise<bool> done;
        log.write({.appends = {&part, 1}, .cursors = {}, .documents = {}},
                  [&](const auto& r) { done.set_value(r.has_value()); });
        EXPECT_TRUE(done.get_future().get());
    };
    cluster.fail_writes(make_error_code(log_errc::refusing));
    {
        auto log = start();
        post(*log, "a");
        post(*log, "b");
    }
    cluster.fail_writes({});
    auto log = start();
    post(*log, "c");
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (cluster.records("web").size() < 3 && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(1ms);
    }
    std::vector<std::string> ids;
    for (const auto& r : cluster.records("web")) ids.push_back(r.id);
    EXPECT_EQ(ids, (std::vector<std::string>{"a", "b", "c"}));
}

}  // namespace

}  // namespace sluice::datasets
