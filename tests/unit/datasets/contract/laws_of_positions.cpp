// Laws about what is remembered beside the records: cursors, documents, times, and what is trimmed.

#include "tests/unit/datasets/contract/laws.hpp"

namespace sluice::datasets::contract {

namespace {

using documents = std::vector<std::pair<std::string, std::string>>;

result<std::optional<cursor_state>> load(log_world& w, const std::string& name,
                                         const partition_ref& of = at())
{
    return w.log().load_cursor(cursor_name{name}, of);
}

void expect_cursor(log_world& w, const std::string& name, const cursor_state& state,
                   const partition_ref& of = at())
{
    auto found = load(w, name, of);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(*found) << name << " is not there";
    EXPECT_EQ((*found)->next, state.next) << name;
    EXPECT_EQ((*found)->start, state.start) << name;
    EXPECT_EQ((*found)->counts, state.counts) << name;
}

void cursors_are_found_as_they_were_stored(log_world& w)
{
    w.open();
    declare(w, "orders", 2);
    EXPECT_FALSE(*load(w, "lane/crm")) << "nobody has stored it";
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(append(w, "a"));
    ASSERT_TRUE(append(w, "b", at(1)));
    const cursor_state first{offset{9}, offset{2}, {1, 2, 3, 4, 5}};
    const cursor_state second{offset{1}, offset{0}, {.filtered = 1}};
    const cursor_state other{offset{3}, offset{3}, {}};
    ASSERT_TRUE(commit(w.log(), "lane/crm", {offset{4}, offset{2}, {1, 1, 0, 0, 0}}));
    ASSERT_TRUE(commit(w.log(), "lane/crm", first));
    ASSERT_TRUE(commit(w.log(), "lane/crm", second, at(1)));
    ASSERT_TRUE(commit(w.log(), "export/crm", other));
    for (int life = 0; life < 2; ++life) {
        expect_cursor(w, "lane/crm", first);
        expect_cursor(w, "lane/crm", second, at(1));
        expect_cursor(w, "export/crm", other);
        EXPECT_FALSE(*load(w, "export/crm", at(1)));
        EXPECT_FALSE(*load(w, "lane/cr"));
        w.open();
        declare(w, "orders", 2);
    }
    ASSERT_TRUE(commit(w.log(), "lane/crm", other)) << "an operator may move it back";
    expect_cursor(w, "lane/crm", other);
}

void cursors_are_listed_with_name_place_and_counts(log_world& w)
{
    w.open();
    declare(w, "orders", 2);
    w.log().set_readers(dataset_name{"orders"}, {cursor_name{"lane/crm"}, cursor_name{"lane/x"}});
    ASSERT_TRUE(append(w, "a"));
    ASSERT_TRUE(append(w, "b", at(1)));
    EXPECT_TRUE(w.log().list_cursors()->empty());
    ASSERT_TRUE(commit(w.log(), "lane/crm", {offset{1}, offset{0}, {.delivered = 1}}));
    ASSERT_TRUE(commit(w.log(), "lane/crm", {offset{1}, offset{0}, {.dead = 1}}, at(1)));
    auto all = w.log().list_cursors();
    ASSERT_TRUE(all) << all.error().message;
    std::sort(all->begin(), all->end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    ASSERT_EQ(all->size(), 2u);
    EXPECT_EQ((*all)[0].name.value(), "lane/crm");
    EXPECT_EQ((*all)[0].at, at());
    EXPECT_EQ((*all)[0].state.counts.delivered, 1u);
    EXPECT_EQ((*all)[1].at, at(1));
    EXPECT_EQ((*all)[1].state.counts.dead, 1u);
}

void a_cursor_never_stands_without_the_records_of_its_write(log_world& w)
{
    w.open();
    declare(w);
    declare(w, "_dead.crm");
    ASSERT_TRUE(append(w, "a"));
    const auto large = record(w, "a", std::string(w.too_large(), 'x'));
    const auto small = record(w, "a");
    const std::array cursors{
        cursor_update{cursor_name{"lane/crm"}, at(), {offset{1}, offset{0}, {.dead = 1}}}};
    const std::array notes{document_update{"notes", "1", "moved"}};
    for (const auto* letter : {&large, &small}) {
        const std::array one{view_of(*letter)};
        const std::array parts{append_part{at(0, "_dead.crm"), one}};
        const log_write what{parts, cursors, notes, true, true};
        const bool is_good = letter == &small;
        EXPECT_EQ(write(w.log(), what).has_value(), is_good);
        EXPECT_EQ(load(w, "lane/crm")->has_value(), is_good);
        const documents expected = is_good ? documents{{"1", "moved"}} : documents{};
        EXPECT_EQ(*w.log().list_documents("notes"), expected);
    }
    EXPECT_EQ(ids(w.log(), 1, {}, at(0, "_dead.crm")), std::vector<std::string>{"a"});
}

void put(log_world& w, const std::string& collection, const std::string& key,
         std::optional<std::string> value)
{
    const std::array update{document_update{collection, key, std::move(value)}};
    log_write what;
    what.documents = update;
    auto written = write(w.log(), what);
    ASSERT_TRUE(written) << written.error().message;
}

void documents_are_put_replaced_listed_and_erased(log_world& w)
{
    w.open();
    declare(w);
    EXPECT_EQ(*w.log().list_documents("runs"), documents{});
    put(w, "runs", "b/2", "two");
    put(w, "runs", "a", "");
    put(w, "runs", "b", "old");
    put(w, "runs", "b", std::string("new\0\xff", 5));
    put(w, "run", "b", "of another collection");
    put(w, "runs2", "b", "and of another");
    put(w, "runs", "c", "will go");
    put(w, "runs", "c", std::nullopt);
    put(w, "runs", "never was", std::nullopt);
    const documents expected{{"a", ""}, {"b", std::string("new\0\xff", 5)}, {"b/2", "two"}};
    EXPECT_EQ(*w.log().list_documents("runs"), expected);
    EXPECT_EQ(*w.log().list_documents("run"), (documents{{"b", "of another collection"}}));
    EXPECT_EQ(*w.log().list_documents("ru"), documents{});
    w.open();
    declare(w);
    EXPECT_EQ(*w.log().list_documents("runs"), expected) << "after reopening";
    EXPECT_EQ(*w.look_from_outside()->list_documents("runs"), expected);
}

void a_time_finds_its_offset(log_world& w)
{
    w.open();
    declare(w);
    EXPECT_EQ(w.log().offset_at(at(), w.clock.wall_now())->value(), 0u) << "of an empty partition";
    const auto begin = w.clock.wall_now();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(w, "a"));
    w.clock.advance(10s);
    const auto when = w.clock.wall_now();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(w, "b"));
    EXPECT_EQ(w.log().offset_at(at(), wall_time{})->value(), 0u);
    EXPECT_EQ(w.log().offset_at(at(), begin)->value(), 0u);
    EXPECT_EQ(w.log().offset_at(at(), begin + 1s)->value(), 3u);
    EXPECT_EQ(w.log().offset_at(at(), when)->value(), 3u);
    EXPECT_EQ(w.log().offset_at(at(), when + 1s)->value(), 6u);
}

void retention_never_passes_a_reader(log_world& w)
{
    w.open();
    dataset_spec spec;
    spec.name = dataset_name{"orders"};
    spec.age_max = std::chrono::hours{1};
    declare(w, spec);
    w.log().set_readers(spec.name, {cursor_name{"lane/slow"}, cursor_name{"lane/fast"}});
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(w, "a" + std::to_string(i)));
    w.clock.advance(std::chrono::hours{2});
    ASSERT_TRUE(append(w, "young"));
    ASSERT_TRUE(commit(w.log(), "lane/fast", {offset{10}, offset{0}, {.delivered = 10}}));
    ASSERT_TRUE(commit(w.log(), "lane/slow", {offset{4}, offset{0}, {.delivered = 4}}));
    const auto begin = [&] {
        w.clock.advance(100ms);  // rounds of retention go by this clock
        return w.log().extent(at())->begin.value();
    };
    ASSERT_TRUE(eventually([&] { return begin() > 0; })) << "retention never worked";
    EXPECT_EQ(begin(), 4u) << "lane/slow has still to read what follows";
    for (int round = 0; round < 3; ++round) {
        std::this_thread::sleep_for(w.retention_round);
        EXPECT_EQ(begin(), 4u);
    }
    const auto left = ids(w.log(), 7, offset{4});
    ASSERT_EQ(left.size(), 7u);
    EXPECT_EQ(left.front(), "a4");
    ASSERT_TRUE(commit(w.log(), "lane/slow", {offset{11}, offset{0}, {.delivered = 11}}));
    ASSERT_TRUE(eventually([&] { return begin() > 4; }));
    EXPECT_EQ(begin(), 10u) << "what is young stays, who has read it or not";
}

void a_trim_takes_what_is_below_and_nothing_else(log_world& w)
{
    w.open();
    declare(w, "orders", 2);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(w, "a" + std::to_string(i)));
    ASSERT_TRUE(append(w, "other", at(1)));
    ASSERT_EQ(records(w.log(), 10).size(), 10u);
    auto planned = w.log().trim(at(), offset{6}, true);
    ASSERT_TRUE(planned) << planned.error().message;
    EXPECT_EQ(planned->begin.value(), 6u);
    EXPECT_EQ(planned->records, 6u);
    EXPECT_EQ(w.log().extent(at())->begin.value(), 0u) << "a dry run";
    auto trimmed = w.log().trim(at(), offset{6}, false);
    ASSERT_TRUE(trimmed) << trimmed.error().message;
    EXPECT_EQ(trimmed->begin.value(), 6u);
    EXPECT_EQ(trimmed->records, 6u);
    for (int life = 0; life < 2; ++life) {
        EXPECT_EQ(w.log().extent(at())->begin.value(), 6u);
        EXPECT_EQ(w.log().extent(at())->end.value(), 10u);
        const auto left = ids(w.log(), 4, offset{6});
        EXPECT_EQ(left, (std::vector<std::string>{"a6", "a7", "a8", "a9"}));
        EXPECT_EQ(ids(w.log(), 1, {}, at(1)), std::vector<std::string>{"other"});
        w.open();
        declare(w, "orders", 2);
    }
    auto batch = read(w.log(), offset{0});
    ASSERT_TRUE(batch && *batch) << "whoever asks for what is gone gets what follows";
    EXPECT_EQ((*batch)->base().value(), 6u);
    ASSERT_EQ(append(w, "next")->value(), 10u);
}

}  // namespace

std::vector<law> laws_of_positions()
{
    return {
        {"CursorsAreFoundAsTheyWereStored", cursors_are_found_as_they_were_stored},
        {"CursorsAreListedWithNamePlaceAndCounts", cursors_are_listed_with_name_place_and_counts},
        {"ACursorNeverStandsWithoutTheRecordsOfItsWrite",
         a_cursor_never_stands_without_the_records_of_its_write},
        {"DocumentsArePutReplacedListedAndErased", documents_are_put_replaced_listed_and_erased},
        {"ATimeFindsItsOffset", a_time_finds_its_offset, ability::find_times},
        {"RetentionNeverPassesAReader", retention_never_passes_a_reader, ability::trim},
        {"ATrimTakesWhatIsBelowAndNothingElse", a_trim_takes_what_is_below_and_nothing_else,
         ability::trim},
    };
}

}  // namespace sluice::datasets::contract
