// What operators do with a log, as the admin API answers it.

#include "gateway/admin/operations.hpp"

#include <nlohmann/json.hpp>

#include "config/time_text.hpp"
#include "tests/unit/gateway/lanes/lane_fixture.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

class OperationsTest : public LaneTest {
protected:
    OperationsTest()
    {
        config.datasets["web"] = {};
        config.destinations["crm"] = {};
        post({"{\"n\":0,\"go\":1}", "{\"n\":1,\"go\":1}", "{\"n\":2,\"go\":1}",
              "{\"n\":3,\"go\":1}"});
    }

    operation_result run(std::string_view method, std::string_view path,
                         const query_parameters& query = {})
    {
        const operation_context with{log, config, &catalog, clock, {}};
        auto done = run_operation(with, method, path, query);
        EXPECT_TRUE(done) << path;
        return done ? *done : operation_result{};
    }
    json ask(std::string_view method, std::string_view path, const query_parameters& query = {})
    {
        const auto done = run(method, path, query);
        EXPECT_EQ(done.status, 200) << done.body;
        return json::parse(done.body);
    }
    json set(const std::string& to, bool is_dry_run = false)
    {
        query_parameters query{{"dataset", "web"}, {"to", to}};
        if (is_dry_run) query["dry_run"] = "1";
        return ask("POST", "/api/v1/cursors/crm", query).at("partitions").at(0);
    }
    void place_cursor(std::uint64_t next)
    {
        datasets::cursor_state state{offset{next}, offset{0}, {}};
        state.counts.delivered = next;
        const datasets::cursor_update update{
            lane_cursor(settings.name), {dataset_name{"web"}, partition_id{0}}, state};
        EXPECT_TRUE(write_now(log, {{}, {&update, 1}, {}, true}).has_value());
    }
    /// What a lane would say that goes on from the stored cursor.
    lane_ledger stored_ledger()
    {
        source_snapshot source;
        source.at = {dataset_name{"web"}, partition_id{0}};
        source.cursor = *cursor();
        source.extent = log.extent(source.at).value();
        return make_ledger({source}, load_ledger_notes(log, "crm"));
    }

    config::settings config;
};

TEST_F(OperationsTest, ADryRunOfAMoveChangesNothing)
{
    place_cursor(2);
    const auto move = set("begin", true);
    EXPECT_EQ(move.at("repeats"), 2);
    EXPECT_EQ(cursor()->next, offset{2});
    EXPECT_EQ(load_ledger_notes(log, "crm").repeated, 0u);
}

TEST_F(OperationsTest, AMoveBackCountsWhatIsRepeatedAsAcceptedOnceMore)
{
    place_cursor(3);
    const auto move = set("1");
    EXPECT_EQ(move.at("from"), 3);
    EXPECT_EQ(move.at("to"), 1);
    EXPECT_EQ(move.at("repeats"), 2);
    const auto l = stored_ledger();
    EXPECT_EQ(l.accepted, 6u);
    EXPECT_EQ(l.delivered, 3u);
    EXPECT_EQ(l.pending, 3u) << "two again and one that was never read";
}

TEST_F(OperationsTest, AMoveForwardCountsWhatIsSkippedAsExpired)
{
    place_cursor(1);
    EXPECT_EQ(set("end").at("skips"), 3);
    const auto l = stored_ledger();
    EXPECT_EQ(l.accepted, 4u);
    EXPECT_EQ(l.expired, 3u);
    EXPECT_EQ(l.pending, 0u);
}

TEST_F(OperationsTest, ForwardAndBackAgainStillBalances)
{
    place_cursor(1);
    set("end");
    set("begin");
    set("+2");
    set("-1");
    const auto l = stored_ledger();
    EXPECT_EQ(l.accepted, l.delivered + l.filtered + l.dead + l.expired + l.pending);
    EXPECT_EQ(cursor()->next, offset{1});
    EXPECT_EQ(l.pending, 3u);
}

TEST_F(OperationsTest, RelativeMovesStopAtTheEndsAndOffsetsOutsideAreRefused)
{
    place_cursor(2);
    EXPECT_EQ(set("+99", true).at("to"), 4);
    EXPECT_EQ(set("-99", true).at("to"), 0);
    EXPECT_EQ(set("+18446744073709551615", true).at("to"), 4);
    const auto outside = run("POST", "/api/v1/cursors/crm", {{"dataset", "web"}, {"to", "5"}});
    EXPECT_EQ(outside.status, 400);
    EXPECT_NE(outside.body.find("0 to 4"), std::string::npos) << outside.body;
}

TEST_F(OperationsTest, ATimeIsTheFirstEventReceivedThen)
{
    clock.now += 10s;
    post({"{\"late\":1}"});
    place_cursor(1);
    EXPECT_EQ(set(format_time(clock.now), true).at("to"), 4);
}

TEST_F(OperationsTest, ALaneThatHasNotBegunBeginsWhereItIsTold)
{
    EXPECT_TRUE(set("begin").at("from").is_null());
    EXPECT_EQ(cursor()->next, offset{0});
    EXPECT_EQ(cursor()->start, offset{0});
    EXPECT_EQ(stored_ledger().pending, 4u);
}

TEST_F(OperationsTest, MovesThatMakeNoSenseAreRefusedWithAReason)
{
    config.exports["files"].dataset = "web";
    const std::pair<std::string, query_parameters> cases[] = {
        {"crm", {{"dataset", "web"}, {"to", "soon"}}},
        {"crm", {{"dataset", "web"}, {"to", ""}}},
        {"crm", {{"dataset", "web"}, {"to", "+"}}},
        {"crm", {{"dataset", "web"}, {"to", "1"}, {"partition", "7"}}},
        {"crm", {{"dataset", "nowhere"}, {"to", "1"}}},
        {"crm", {{"dataset", "_retry.crm"}, {"to", "end"}}},
        {"mail", {{"dataset", "web"}, {"to", "1"}}},
        {"export/files", {{"dataset", "web"}, {"to", "begin"}}}};
    for (const auto& [reader, query] : cases) {
        const auto done = run("POST", "/api/v1/cursors/" + reader, query);
        EXPECT_EQ(done.status, 400) << reader << ' ' << query.at("to");
        EXPECT_GT(json::parse(done.body).at("detail").get<std::string>().size(), 20u);
    }
    EXPECT_FALSE(cursor());
}

TEST_F(OperationsTest, ATrimStopsAtTheSlowestReaderUnlessTold)
{
    place_cursor(2);
    auto trimmed = ask("POST", "/api/v1/datasets/web/trim", {{"before", "4"}, {"dry_run", "1"}});
    EXPECT_EQ(trimmed.at("partitions")[0].at("records"), 2);
    EXPECT_EQ(trimmed.at("partitions")[0].at("held_back_by"), "lane/crm");
    const datasets::partition_ref web{dataset_name{"web"}, partition_id{0}};
    EXPECT_EQ(log.extent(web)->begin, offset{0}) << "a dry run";
    ask("POST", "/api/v1/datasets/web/trim", {{"before", "4"}});
    EXPECT_EQ(log.extent(web)->begin, offset{2});
    trimmed = ask("POST", "/api/v1/datasets/web/trim", {{"before", "4"}, {"past_unread", "1"}});
    EXPECT_EQ(trimmed.at("partitions")[0].at("unread").at("lane/crm"), 2);
    EXPECT_EQ(log.extent(web)->begin, offset{4});
}

TEST_F(OperationsTest, AReaderThatHasNotBegunHoldsEverything)
{
    const auto trimmed = ask("POST", "/api/v1/datasets/web/trim", {{"before", "4"}});
    EXPECT_EQ(trimmed.at("partitions")[0].at("records"), 0);
    EXPECT_EQ(trimmed.at("partitions")[0].at("held_back_at"), 0);
}

TEST_F(OperationsTest, ATrimNeedsExactlyOneLimitAndAKnownDataset)
{
    EXPECT_EQ(run("POST", "/api/v1/datasets/web/trim").status, 400);
    EXPECT_EQ(run("POST", "/api/v1/datasets/web/trim",
                  {{"before", "1"}, {"before_time", "2026-01-01T00:00:00Z"}})
                  .status,
              400);
    EXPECT_EQ(run("POST", "/api/v1/datasets/web/trim", {{"before", "-1"}}).status, 400);
    const auto unknown = run("POST", "/api/v1/datasets/wed/trim", {{"before", "1"}});
    EXPECT_EQ(unknown.status, 404);
    EXPECT_NE(unknown.body.find("web"), std::string::npos) << "it names those there are";
    EXPECT_EQ(
        run("POST", "/api/v1/datasets/_retry.crm/trim", {{"before", "1"}, {"past_unread", "1"}})
            .status,
        400);
}

TEST_F(OperationsTest, AnEngineThatLeavesItToItsToolsSaysSo)
{
    const auto backup = run("POST", "/api/v1/backup", {{"folder", "/somewhere"}});
    EXPECT_EQ(backup.status, 400);
    EXPECT_NE(backup.body.find("engine"), std::string::npos) << backup.body;
    EXPECT_EQ(run("POST", "/api/v1/backup", {{"folder", "relative"}}).status, 400);
}

TEST_F(OperationsTest, AReplayInPiecesIsTheSameAsInOne)
{
    const query_parameters all{{"destination", "crm"}};
    EXPECT_EQ(ask("POST", "/api/v1/replay/web", {{"destination", "crm"}, {"dry_run", "1"}})
                  .at("would_replay"),
              4);
    std::vector<query_parameters> todo{all};
    int calls = 0;
    while (!todo.empty()) {
        auto query = todo.back();
        todo.pop_back();
        query["limit"] = "3";
        const auto done = ask("POST", "/api/v1/replay/web", query);
        ++calls;
        for (const auto& r : done.at("remaining")) {
            auto rest = all;
            for (const char* name : {"partition", "from", "to"}) rest[name] = r.at(name).dump();
            todo.push_back(rest);
        }
    }
    EXPECT_EQ(calls, 2);
    const auto records = log.records("_retry.crm");
    ASSERT_EQ(records.size(), 4u);
    EXPECT_EQ(records[3].content, "{\"n\":3,\"go\":1}");
    EXPECT_FALSE(parse_extra(records[0].extra)->counts);
}

TEST_F(OperationsTest, AReplayByTimeAndConditionTakesWhatFits)
{
    clock.now += 10s;
    post({"{\"n\":4,\"go\":1}", "{\"n\":5,\"go\":1}"});
    const auto since = format_time(clock.now);
    EXPECT_EQ(ask("POST", "/api/v1/replay/web",
                  {{"destination", "crm"}, {"since", since}, {"where", "event.n == 5"}})
                  .at("replayed"),
              1);
    EXPECT_EQ(ask("POST", "/api/v1/replay/web",
                  {{"destination", "crm"}, {"until", since}, {"dry_run", "1"}})
                  .at("would_replay"),
              4);
}

TEST_F(OperationsTest, RecordsAndDeadLettersShowTheEventByteForByte)
{
    const std::string odd =
        "{ \"z\" : 1e400 ,\"a\":123456789012345678901234567890, \"go\":\"\\u00e9\"}";
    memory.scripts[odd] = {answer(outcome_class::reject, 400, "no")};
    post({odd});
    start();
    until([&] { return dead() == 1; });
    stop();
    for (const auto& [path, query] :
         {std::pair<std::string, query_parameters>{"/api/v1/datasets/web/records", {}},
          {"/api/v1/datasets/_dead.crm/records", {}},
          {"/api/v1/dead/crm", {}},
          {"/api/v1/dead/crm", {{"format", "ndjson"}}}}) {
        EXPECT_NE(run("GET", path, query).body.find("\"event\":" + odd + "}"), std::string::npos)
            << path;
    }
}

TEST_F(OperationsTest, RecordsCanBeChosenByOffsetTimeAndCount)
{
    const auto lines = [&](const query_parameters& query) {
        const auto body = run("GET", "/api/v1/datasets/web/records", query).body;
        return std::count(body.begin(), body.end(), '\n');
    };
    clock.now += 10s;
    post({"{\"late\":1}"});
    const auto then = format_time(clock.now);
    EXPECT_EQ(lines({}), 5);
    EXPECT_EQ(lines({{"from", "1"}, {"to", "3"}}), 2);
    EXPECT_EQ(lines({{"last", "2"}}), 2);
    EXPECT_EQ(lines({{"since", then}}), 1);
    EXPECT_EQ(lines({{"until", then}}), 4);
    EXPECT_EQ(lines({{"limit", "3"}}), 3);
    EXPECT_EQ(lines({{"where", "event.n > 1"}}), 2);
    EXPECT_EQ(run("GET", "/api/v1/datasets/web/records", {{"partition", "3"}}).status, 404);
    EXPECT_EQ(run("GET", "/api/v1/datasets/web/records", {{"where", "event.n >"}}).status, 400);
}

}  // namespace

}  // namespace sluice::gateway
