// Laws about waiting, closing and opening again.

#include "tests/unit/datasets/contract/laws.hpp"

namespace sluice::datasets::contract {

namespace {

void a_wait_is_over_once_when_the_end_moves(log_world& w)
{
    w.open();
    declare(w, "orders", 2);
    ASSERT_TRUE(append(w, "a"));
    std::atomic<int> here{0};
    std::atomic<int> cancelled{0};
    std::atomic<int> elsewhere{0};
    w.log().wait_beyond(at(), offset{0}, [&] { here += 100; });
    ASSERT_TRUE(eventually([&] { return here == 100; })) << "what is there is waited for in vain";
    w.log().wait_beyond(at(), offset{1}, [&] { ++here; });
    const auto id = w.log().wait_beyond(at(), offset{1}, [&] { ++cancelled; });
    w.log().wait_beyond(at(1), offset{0}, [&] { ++elsewhere; });
    w.log().cancel_wait(id);
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(here, 100) << "nothing has come yet";
    ASSERT_TRUE(append(w, "b"));
    ASSERT_TRUE(eventually([&] { return here > 100; })) << "nobody was woken";
    EXPECT_EQ(ids(w.log(), 1, offset{1}), std::vector<std::string>{"b"});
    ASSERT_TRUE(append(w, "c"));
    ASSERT_EQ(ids(w.log(), 2, offset{1}).size(), 2u);
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(here, 101) << "once";
    EXPECT_EQ(cancelled, 0);
    EXPECT_EQ(elsewhere, 0) << "another partition's end has moved";
    w.close();
    EXPECT_EQ(here, 101);
    EXPECT_EQ(elsewhere, 0) << "waits that are not over are dropped without a call";
}

void whoever_waits_can_read_what_woke_him(log_world& w)
{
    w.open();
    declare(w);
    for (std::uint64_t i = 0; i < 20; ++i) {
        std::promise<void> woken;
        auto is_woken = woken.get_future();
        w.log().wait_beyond(at(), offset{i}, [&woken] { woken.set_value(); });
        const auto id = "e" + std::to_string(i);
        EXPECT_EQ(is_woken.wait_for(0s), std::future_status::timeout) << "woken for nothing";
        ASSERT_TRUE(append(w, id));
        ASSERT_EQ(is_woken.wait_for(patience), std::future_status::ready);
        auto batch = read(w.log(), offset{i});
        ASSERT_TRUE(batch) << batch.error().message;
        ASSERT_TRUE(*batch) << "woken for nothing at " << i;
        EXPECT_EQ((*batch)->at(i - (*batch)->base().value()).id, id);
    }
}

void every_write_is_answered_once_and_none_after_closing(log_world& w)
{
    w.open();
    declare(w);
    constexpr int writes = 200;
    const auto one = record(w, "a");
    const std::array views{view_of(one)};
    const std::array parts{append_part{at(), views}};
    log_write what;
    what.appends = parts;
    // they outlive a log that answers late
    auto answers = std::make_shared<std::array<std::atomic<int>, writes>>();
    auto good = std::make_shared<std::atomic<std::size_t>>(0);
    for (std::size_t i = 0; i < writes; ++i) {
        w.log().write(what, [answers, good, i](const auto& written) {
            ++(*answers)[i];
            if (written) ++*good;
        });
    }
    w.log().close();
    const auto answered = [&] {
        std::vector<int> out;
        for (const auto& n : *answers) out.push_back(n);
        return out;
    };
    EXPECT_EQ(answered(), std::vector<int>(writes, 1)) << "when close() has returned";
    EXPECT_EQ(*good, std::size_t{writes}) << "what was queued is finished";
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(answered(), std::vector<int>(writes, 1));
    w.open();
    declare(w);
    EXPECT_EQ(ids(w.log(), writes).size(), std::size_t{writes});
}

void a_closed_log_refuses(log_world& w)
{
    auto& log = w.open();
    declare(w);
    ASSERT_TRUE(append(w, "a"));
    log.close();
    const auto closed = make_error_code(log_errc::closed);
    auto refused = append(w, "b");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, closed);
    auto cursor = commit(log, "lane/crm", {offset{1}, offset{0}, {}});
    ASSERT_FALSE(cursor);
    EXPECT_EQ(cursor.error().code, closed);
    auto unread = read(log, offset{});
    ASSERT_FALSE(unread);
    EXPECT_EQ(unread.error().code, closed);
    EXPECT_EQ(log.status().health, log_health::closed);
    std::atomic<int> calls{0};
    log.wait_beyond(at(), offset{0}, [&calls] { ++calls; });
    log.close();
    EXPECT_EQ(calls, 0);
    w.open();
    declare(w);
    EXPECT_EQ(ids(w.log(), 1), std::vector<std::string>{"a"});
}

void reopening_finds_everything_and_goes_on(log_world& w)
{
    w.open();
    declare(w, "orders", 3);
    declare(w, "_dead.crm");
    const auto all = numbered("a", 30);
    for (const auto& id : all) ASSERT_TRUE(append(w, id, at(2)));
    ASSERT_TRUE(commit(w.log(), "lane/crm", {offset{7}, offset{0}, {.delivered = 7}}, at(2)));
    for (int life = 0; life < 2; ++life) {
        w.open();
        declare(w, "orders", 3);
        declare(w, "_dead.crm");
        auto specs = w.log().list_datasets();
        std::sort(specs.begin(), specs.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        ASSERT_EQ(specs.size(), 2u);
        EXPECT_EQ(specs[1].name.value(), "orders");
        EXPECT_EQ(specs[1].partitions, 3u);
        EXPECT_EQ(w.log().extent(at(2))->end.value(), 30u);
        EXPECT_EQ(w.log().extent(at(0))->end.value(), 0u);
        EXPECT_EQ(ids(w.log(), 30, {}, at(2)), all);
        auto cursor = w.log().load_cursor(cursor_name{"lane/crm"}, at(2));
        ASSERT_TRUE(cursor && *cursor);
        EXPECT_EQ((*cursor)->next.value(), 7u);
    }
    EXPECT_EQ(append(w, "next", at(2))->value(), 30u);
    EXPECT_EQ(append(w, "first", at(0))->value(), 0u);
}

void partitions_are_never_taken_away(log_world& w)
{
    w.open();
    declare(w, "orders", 3);
    ASSERT_TRUE(append(w, "a", at(2)));
    declare(w, "orders", 1);
    for (int life = 0; life < 2; ++life) {
        ASSERT_EQ(w.log().list_datasets().size(), 1u);
        EXPECT_EQ(w.log().list_datasets()[0].partitions, 3u);
        EXPECT_EQ(ids(w.log(), 1, {}, at(2)), std::vector<std::string>{"a"});
        w.open();
        declare(w, "orders", 1);
    }
}

void partitions_can_be_added(log_world& w)
{
    w.open();
    declare(w, "orders", 1);
    ASSERT_TRUE(append(w, "a"));
    declare(w, "orders", 4);
    EXPECT_EQ(w.log().list_datasets()[0].partitions, 4u);
    EXPECT_TRUE(eventually([&] { return append(w, "b", at(3)).has_value(); }));
    EXPECT_EQ(ids(w.log(), 1), std::vector<std::string>{"a"});
    EXPECT_EQ(ids(w.log(), 1, {}, at(3)), std::vector<std::string>{"b"});
}

void every_partition_is_owned_by_the_only_one(log_world& w)
{
    w.open();
    declare(w, "orders", 3);
    const auto owned = [&] { return w.log().owned_partitions(dataset_name{"orders"}); };
    EXPECT_TRUE(eventually([&] { return owned().size() == 3; }));
    ASSERT_TRUE(append(w, "a", at(1)));
    const std::array cursors{
        cursor_update{cursor_name{"lane/crm"}, at(1), {offset{1}, offset{0}, {.delivered = 1}}}};
    log_write what;
    what.cursors = cursors;
    what.is_internal = true;
    const auto stored = write(w.log(), what);
    EXPECT_TRUE(stored) << stored.error().message;
}

}  // namespace

std::vector<law> laws_of_life()
{
    return {
        {"AWaitIsOverOnceWhenTheEndMoves", a_wait_is_over_once_when_the_end_moves},
        {"WhoeverWaitsCanReadWhatWokeHim", whoever_waits_can_read_what_woke_him},
        {"EveryWriteIsAnsweredOnceAndNoneAfterClosing",
         every_write_is_answered_once_and_none_after_closing},
        {"AClosedLogRefuses", a_closed_log_refuses},
        {"ReopeningFindsEverythingAndGoesOn", reopening_finds_everything_and_goes_on},
        {"PartitionsAreNeverTakenAway", partitions_are_never_taken_away},
        {"PartitionsCanBeAdded", partitions_can_be_added, ability::add_partitions},
        {"EveryPartitionIsOwnedByTheOnlyOne", every_partition_is_owned_by_the_only_one},
    };
}

}  // namespace sluice::datasets::contract
