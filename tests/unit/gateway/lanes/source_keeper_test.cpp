#include "gateway/lanes/source_keeper.hpp"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/memory_log.hpp"
#include "tests/unit/gateway/lanes/lane_fixture.hpp"

namespace sluice::gateway {

namespace {

using namespace std::chrono_literals;

/// One lane over a dataset of three partitions, of which the log owns what a test says.
class SourceKeeper : public ::testing::Test {
protected:
    SourceKeeper()
    {
        datasets::dataset_spec spec;
        for (const auto* name : {"web", "_retry.crm", "_dead.crm"}) {
            spec.name = dataset_name{name};
            spec.partitions = spec.name == dataset_name{"web"} ? 3 : 1;
            EXPECT_TRUE(log.open_dataset(spec).has_value());
        }
        log.own("web", {});
        settings.name = destination_name{"crm"};
        settings.target = "crm";
        settings.commit_interval = 1ms;
        settings.retry_schedule = {30s};
    }
    ~SourceKeeper() override { stop(); }

    void start()
    {
        keeper =
            std::make_unique<source_keeper>(log, threads, source_keeper_settings{.grace = 300ms});
        placed = std::make_shared<placed_lane>();
        placed->is_started = true;
        threads.run_on(0, [&] {
            auto on = threads.context(0).get_executor();
            placed->object =
                std::make_unique<lane>(settings, lane_parts{log, cache, catalog, clock, on},
                                       std::make_unique<scripted_destination>(memory, on));
            placed->object->start();
        });
        const auto added = keeper->add(placed,
                                       {{dataset_name{"web"}, source_kind::dataset},
                                        {dataset_name{"_retry.crm"}, source_kind::retry}},
                                       clock.now);
        EXPECT_TRUE(added.has_value());
    }
    void stop_lane()
    {
        keeper->clear();
        threads.await_on(0, placed->object->stop(100ms));
        threads.run_on(0, [&] { placed->object.reset(); });
    }
    void stop()
    {
        if (!placed) return;
        if (placed->object) stop_lane();
        keeper.reset();
        placed.reset();
    }

    void post(std::uint32_t partition, const std::string& event)
    {
        const datasets::new_record record{.id = event,
                                          .key = {},
                                          .type = {},
                                          .datastream = {},
                                          .source = {},
                                          .received_at = clock.now,
                                          .content = event,
                                          .extra = {}};
        const datasets::append_part part{{dataset_name{"web"}, partition_id{partition}},
                                         {&record, 1}};
        std::promise<void> done;
        log.write({.appends = {&part, 1}, .cursors = {}, .documents = {}},
                  [&](const auto&) { done.set_value(); });
        done.get_future().get();
    }

    template <class Condition>
    void until(Condition holds)
    {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!holds() && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(1ms);
        }
        EXPECT_TRUE(holds());
    }
    std::vector<std::string> bodies()
    {
        return threads.run_on(0, [&] { return memory.bodies; });
    }
    lane_ledger ledger()
    {
        return threads.run_on(0, [&] { return placed->object->snapshot({}, true).ledger; });
    }
    datasets::cursor_state cursor(std::uint32_t partition)
    {
        return log
            .load_cursor(cursor_name{"lane/crm"}, {dataset_name{"web"}, partition_id{partition}})
            .value()
            .value_or(datasets::cursor_state{});
    }

    io_threads threads{1};
    test::memory_log log;
    moved_clock clock;
    one_program catalog;
    evaluated_batch_cache cache{1 << 20};
    scripted_destination::memory memory;
    lane_settings settings;
    std::unique_ptr<source_keeper> keeper;
    std::shared_ptr<placed_lane> placed;
};

TEST_F(SourceKeeper, DeliversAPartitionAsSoonAsItIsOwned)
{
    start();
    post(1, "a go");
    EXPECT_TRUE(bodies().empty());
    log.own("web", {1});
    until([&] { return bodies().size() == 1; });
    post(2, "b go");
    log.own("web", {1, 2});
    until([&] { return bodies().size() == 2; });
}

TEST_F(SourceKeeper, BeginsWithWhatWasAcceptedBeforeThePartitionWasOwnedAndNotEarlier)
{
    post(0, "old go");
    clock.now += 10s;
    start();
    clock.now += 10s;
    post(0, "new go");
    log.own("web", {0});
    until([&] { return !bodies().empty(); });
    EXPECT_EQ(bodies(), std::vector<std::string>{"new go"});
}

TEST_F(SourceKeeper, TheFirstOfSeveralGatewaysSaysWhereALaneBegins)
{
    start();  // one gateway
    post(0, "a go");
    stop();
    clock.now += 60s;
    start();  // another one, later; nobody has owned the partition so far
    log.own("web", {0});
    until([&] { return bodies() == std::vector<std::string>{"a go"}; });
}

TEST_F(SourceKeeper, CommitsWhatIsFinishedBeforeAPartitionIsHandedOver)
{
    settings.commit_interval = 1h;  // only the hand-over commits
    start();
    log.own("web", {0, 1});
    post(0, "a go");
    post(1, "b go");
    until([&] { return ledger().delivered == 2; });
    log.own("web", {1});
    EXPECT_EQ(cursor(0).next, offset{1});
    EXPECT_EQ(cursor(0).counts.delivered, 1u);
    EXPECT_EQ(ledger().accepted, 1u) << "the ledger covers the partitions that are left";
    EXPECT_EQ(ledger().delivered, 1u);
}

TEST_F(SourceKeeper, HandsOverInBoundedTimeAlthoughADeliveryHangs)
{
    memory.never_answers = true;
    start();
    log.own("web", {0});
    post(0, "a go");
    until([&] { return bodies().size() == 1; });
    const auto began = std::chrono::steady_clock::now();
    log.own("web", {});
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
    EXPECT_EQ(cursor(0).next, offset{0}) << "the next owner delivers it again";
}

TEST_F(SourceKeeper, ContinuesWhereTheOtherOwnerStopped)
{
    start();
    log.own("web", {0});
    post(0, "a go");
    until([&] { return ledger().delivered == 1; });
    log.own("web", {});
    post(0, "b go");
    // the other owner delivers it
    log.lose_silently("web", {0});
    datasets::cursor_update other{cursor_name{"lane/crm"},
                                  {dataset_name{"web"}, partition_id{0}},
                                  {.next = offset{2}, .start = offset{0}, .counts = {}}};
    other.state.counts.delivered = 2;
    std::promise<void> done;
    log.write({.appends = {}, .cursors = {&other, 1}, .documents = {}},
              [&](const auto&) { done.set_value(); });
    done.get_future().get();
    log.own("web", {0});
    post(0, "c go");
    until([&] { return bodies().size() == 2; });
    EXPECT_EQ(bodies(), (std::vector<std::string>{"a go", "c go"}));
    EXPECT_EQ(ledger().accepted, 3u);
    until([&] { return ledger().delivered == 3; });
}

TEST_F(SourceKeeper, DropsAPartitionThatWasTakenAwayWithoutAskingAndGoesOnWithTheOthers)
{
    start();
    log.own("web", {0, 1});
    post(0, "a go");
    post(1, "b go");
    until([&] { return cursor(0).next == offset{1} && cursor(1).next == offset{1}; });
    log.lose_silently("web", {1});
    post(0, "c go");
    post(1, "d go");
    until([&] { return cursor(1).next == offset{2}; });
    EXPECT_EQ(cursor(0).next, offset{1});
    const auto left = threads.run_on(0, [&] { return placed->object->partitions(); });
    EXPECT_EQ(left.size(), 2u) << "one partition of the dataset, one of the retries";
}

TEST_F(SourceKeeper, TheLedgerBalancesAlthoughAnotherGatewayHasTheRetries)
{
    log.own("_retry.crm", {});
    memory.scripts["a go"] = {answer(outcome_class::retry, 503, "http_503")};
    start();
    log.own("web", {0});
    post(0, "a go");
    post(0, "b go");
    until([&] { return log.records("_retry.crm").size() == 1 && cursor(0).next == offset{2}; });
    auto l = ledger();
    EXPECT_EQ(l.accepted, 1u) << "the parked event is in the ledger of who has the retries";
    EXPECT_EQ(l.delivered, 1u);
    EXPECT_EQ(l.pending, 0u);
    log.own("_retry.crm", {0});
    until([&] { return ledger().pending == 1; });
    EXPECT_EQ(ledger().accepted, 2u);
}

TEST_F(SourceKeeper, StopsInTheMiddleOfAHandOver)
{
    memory.never_answers = true;
    start();
    log.own("web", {0});
    post(0, "a go");
    until([&] { return bodies().size() == 1; });
    auto handing_over = std::async(std::launch::async, [&] { log.own("web", {}); });
    stop_lane();
    handing_over.get();
}

}  // namespace

}  // namespace sluice::gateway
