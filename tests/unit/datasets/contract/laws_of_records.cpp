// Laws about what is written and read: bytes, order, offsets, refusals.

#include "tests/unit/datasets/contract/laws.hpp"

namespace sluice::datasets::contract {

namespace {

void every_field_and_byte_comes_back(log_world& w)
{
    w.open();
    declare(w);
    auto full = record(w, "id-1",
                       R"({"n":1e400,"m":12345678901234567890123,"s":"\u0000é"})"
                       "\n\t ");
    full.key = "customer/7";
    full.type = "purchase";
    full.datastream = "web";
    full.source = "segment";
    full.extra = R"({"due":"x"})";
    full.received_at += 123'456'789ns;
    auto bytes = record(w, "id-\x01\xff", std::string("\0\xff\r\n{", 5));
    auto empty_key = record(w, "id-3");
    empty_key.key = "";
    const auto plain = record(w, "id-4");
    std::vector<kept> sent{full, bytes, empty_key, plain};
    auto base = append(w.log(), sent);
    ASSERT_TRUE(base) << base.error().message;
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i].at = base->value() + i;
    EXPECT_EQ(records(w.log(), 4), sent);
    w.open();
    declare(w);
    EXPECT_EQ(records(w.log(), 4), sent) << "after reopening";
}

void receipts_tell_the_first_offset_of_each_part(log_world& w)
{
    w.open();
    declare(w, "wide", 3);
    ASSERT_EQ(append(w, "a", at(1, "wide"))->value(), 0u);
    const std::vector texts{record(w, "x"), record(w, "y"), record(w, "z")};
    const std::array first{view_of(texts[0]), view_of(texts[1])};
    const std::array second{view_of(texts[2])};
    const std::array parts{append_part{at(1, "wide"), first}, append_part{at(2, "wide"), second},
                           append_part{at(1, "wide"), second}, append_part{at(0, "wide"), {}},
                           append_part{at(1, "wide"), {}}};
    log_write what;
    what.appends = parts;
    auto written = write(w.log(), what);
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_EQ(written->bases.size(), 5u);
    EXPECT_EQ(written->bases[0].value(), 1u);
    EXPECT_EQ(written->bases[1].value(), 0u);
    EXPECT_EQ(written->bases[2].value(), 3u);
    EXPECT_EQ(written->bases[3].value(), 0u) << "nothing was written: where the next one goes";
    EXPECT_GE(written->bases[4].value(), 1u);
    EXPECT_LE(written->bases[4].value(), 4u);
    EXPECT_EQ(ids(w.log(), 4, {}, at(1, "wide")), (std::vector<std::string>{"a", "x", "y", "z"}));
    EXPECT_EQ(ids(w.log(), 1, {}, at(2, "wide")), std::vector<std::string>{"z"});
    EXPECT_EQ(ids(w.log(), 0, {}, at(0, "wide")), std::vector<std::string>{});
    EXPECT_EQ(w.log().extent(at(1, "wide"))->end.value(), 4u);
}

void records_of_one_write_stay_together_and_in_order(log_world& w)
{
    w.open();
    declare(w);
    constexpr int writers = 4;
    constexpr int writes = 8;
    constexpr int events = 20;
    std::mutex mutex;
    std::map<std::uint64_t, std::string> bases;  // of each write, and its name
    std::vector<std::thread> threads;
    for (int t = 0; t < writers; ++t) {
        threads.emplace_back([&, t] {
            for (int n = 0; n < writes; ++n) {
                const auto name = std::to_string(t) + "." + std::to_string(n) + ".";
                std::vector<kept> batch;
                for (const auto& id : numbered(name, events)) batch.push_back(record(w, id));
                auto base = append(w.log(), batch);
                const std::lock_guard lock(mutex);
                if (base) bases[base->value()] = name;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_EQ(bases.size(), std::size_t{writers * writes}) << "each write got a place of its own";
    const auto found = records(w.log(), writers * writes * events);
    ASSERT_EQ(found.size(), std::size_t{writers * writes * events});
    for (const auto& [base, name] : bases) {
        for (std::uint64_t i = 0; i < events; ++i) {
            ASSERT_EQ(found.at(base + i).id, name + std::to_string(i)) << "at " << base + i;
            ASSERT_EQ(found.at(base + i).at, base + i);
        }
    }
}

void what_is_acknowledged_is_stored(log_world& w)
{
    w.open();
    declare(w);
    for (int i = 0; i < 5; ++i) {
        const auto id = "a" + std::to_string(i);
        auto where = append(w, id);
        ASSERT_TRUE(where) << where.error().message;
        // nothing is given time to become durable afterwards
        auto outside = w.look_from_outside();
        const auto batch = read(*outside, *where);
        ASSERT_TRUE(batch) << batch.error().message;
        ASSERT_TRUE(*batch) << id << " was acknowledged and is not there";
        EXPECT_EQ((*batch)->at(where->value() - (*batch)->base().value()).id, id);
    }
}

void a_write_is_copied_before_it_returns(log_world& w)
{
    w.open();
    declare(w);
    std::string id = "id-1";
    std::string key = "key-1";
    std::string content = R"({"a":"long enough to live on the heap, and then some"})";
    const auto sent = content;
    new_record r;
    r.id = id;
    r.key = key;
    r.content = content;
    r.received_at = w.clock.wall_now();
    std::vector<new_record> both{r, r};
    std::vector<append_part> parts{{at(), both}};
    log_write what;
    what.appends = parts;
    w.log().write(what, [](const auto&) {});
    for (auto* text : {&id, &key, &content}) text->assign(text->size(), 'X');
    const auto found = records(w.log(), 2);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[1].id, "id-1");
    EXPECT_EQ(found[1].key, "key-1");
    EXPECT_EQ(found[1].content, sent);
}

void reading_begins_anywhere(log_world& w)
{
    w.open();
    declare(w);
    std::vector<kept> batch;
    const auto all = numbered("e", 50);
    for (const auto& id : all) batch.push_back(record(w, id));
    ASSERT_TRUE(append(w.log(), batch));
    ASSERT_TRUE(append(w, "last"));
    ASSERT_EQ(records(w.log(), 51).size(), 51u);
    for (const std::uint64_t from : {7u, 49u, 50u}) {
        auto found = read(w.log(), offset{from});
        ASSERT_TRUE(found && *found);
        EXPECT_LE((*found)->base().value(), from);
        EXPECT_GT((*found)->end().value(), from) << "the batch holds what was asked for";
        EXPECT_EQ(ids(w.log(), 51 - from, offset{from}).size(), 51 - from);
    }
    for (const std::uint64_t beyond : {51u, 52u, 5'000u}) {
        auto nothing = read(w.log(), offset{beyond});
        ASSERT_TRUE(nothing) << nothing.error().message;
        EXPECT_FALSE(*nothing) << "there is nothing yet at " << beyond;
    }
    ASSERT_TRUE(append(w, "after"));
    EXPECT_EQ(ids(w.log(), 1, offset{51}), std::vector<std::string>{"after"});
}

void an_oversized_record_is_refused_and_nothing_of_its_write(log_world& w)
{
    w.open();
    declare(w);
    ASSERT_TRUE(append(w, "before"));
    const auto large = record(w, "large", std::string(w.too_large(), 'x'));
    auto refused = append(w.log(), {record(w, "beside"), large, record(w, "beside, too")});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(log_errc::too_large));
    EXPECT_EQ(w.log().status().health, log_health::ok) << "the others must not suffer";
    ASSERT_TRUE(append(w, "after"));
    EXPECT_EQ(ids(w.log(), 2), (std::vector<std::string>{"before", "after"}));
}

void the_largest_record_that_is_promised_is_taken(log_world& w)
{
    w.open();
    declare(w);
    const auto most =
        std::min<std::uint64_t>(w.log().record_bytes_max(dataset_name{"orders"}), 4ull << 20);
    std::string content(most, 'x');
    for (std::size_t i = 0; i < content.size(); i += 7)
        content[i] = static_cast<char>('a' + i % 26);
    auto taken = append(w.log(), {record(w, "large", content)});
    ASSERT_TRUE(taken) << taken.error().message;
    const auto found = records(w.log(), 1);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(found[0].content == content);
}

void unknown_names_are_refused_and_nothing_is_written(log_world& w)
{
    w.open();
    declare(w, "orders", 2);
    const auto a = record(w, "a");
    const std::array one{view_of(a)};
    const std::array parts{append_part{at(), one}, append_part{at(0, "nowhere"), one}};
    log_write what;
    what.appends = parts;
    auto refused = write(w.log(), what);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(log_errc::unknown_dataset));
    const auto no_partition = make_error_code(log_errc::unknown_partition);
    EXPECT_EQ(append(w, "a", at(7)).error().code, no_partition);
    EXPECT_EQ(read(w.log(), offset{}, at(7)).error().code, no_partition);
    EXPECT_EQ(w.log().extent(at(7)).error().code, no_partition);
    EXPECT_EQ(w.log().offset_at(at(7), {}).error().code, no_partition);
    EXPECT_EQ(w.log().load_cursor(cursor_name{"lane/x"}, at(7)).error().code, no_partition);
    const auto bad = commit(w.log(), "lane/x", {offset{}, offset{}, {}}, at(0, "nowhere"));
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, make_error_code(log_errc::unknown_dataset));
    EXPECT_TRUE(w.log().owned_partitions(dataset_name{"nowhere"}).empty());
    ASSERT_TRUE(append(w, "b"));
    EXPECT_EQ(ids(w.log(), 1), std::vector<std::string>{"b"});
}

void retries_and_dead_letters_are_datasets_like_any_other(log_world& w)
{
    w.open();
    declare(w);
    const std::vector<std::string> names{"_retry.crm", "_dead.crm", "_dead.crm/x"};
    for (const auto& name : names) declare(w, name);
    ASSERT_TRUE(append(w, "event"));
    for (const auto& name : names) {
        auto letter = record(w, "of " + name, R"({"kept":"as it was"})");
        letter.extra = R"({"reason":"410","rule":"all"})";
        const std::array one{view_of(letter)};
        const std::array parts{append_part{at(0, name), one}};
        log_write what;
        what.appends = parts;
        what.is_internal = true;
        auto written = write(w.log(), what);
        ASSERT_TRUE(written) << written.error().message;
    }
    w.open();
    for (const auto& name : names) {
        declare(w, name);
        const auto found = records(w.log(), 1, {}, at(0, name));
        ASSERT_EQ(found.size(), 1u) << name;
        EXPECT_EQ(found[0].id, "of " + name);
        EXPECT_EQ(found[0].extra, R"({"reason":"410","rule":"all"})");
    }
}

}  // namespace

std::vector<law> laws_of_records()
{
    return {
        {"EveryFieldAndByteComesBack", every_field_and_byte_comes_back},
        {"ReceiptsTellTheFirstOffsetOfEachPart", receipts_tell_the_first_offset_of_each_part},
        {"RecordsOfOneWriteStayTogetherAndInOrder",
         records_of_one_write_stay_together_and_in_order},
        {"WhatIsAcknowledgedIsStored", what_is_acknowledged_is_stored},
        {"AWriteIsCopiedBeforeItReturns", a_write_is_copied_before_it_returns},
        {"ReadingBeginsAnywhere", reading_begins_anywhere},
        {"AnOversizedRecordIsRefusedAndNothingOfItsWrite",
         an_oversized_record_is_refused_and_nothing_of_its_write},
        {"TheLargestRecordThatIsPromisedIsTaken", the_largest_record_that_is_promised_is_taken},
        {"UnknownNamesAreRefusedAndNothingIsWritten",
         unknown_names_are_refused_and_nothing_is_written},
        {"RetriesAndDeadLettersAreDatasetsLikeAnyOther",
         retries_and_dead_letters_are_datasets_like_any_other},
    };
}

}  // namespace sluice::datasets::contract
