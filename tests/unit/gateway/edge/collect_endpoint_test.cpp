#include "gateway/edge/collect_endpoint.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "datasets/log_error.hpp"
#include "tests/unit/gateway/edge/edge_fixture.hpp"

namespace sluice::gateway {
namespace {

using json = nlohmann::json;

class CollectEndpoint : public test::edge_fixture {
protected:
    static std::string header(const http_response& response, std::string_view name)
    {
        for (const auto& [key, value] : response.headers) {
            if (key == name) return value;
        }
        return {};
    }
};

TEST_F(CollectEndpoint, OneEventIsAcceptedAndDurableByteForByte)
{
    open({stream("shop")});
    const auto answer = post(R"({"_id":"e-1","eventType":"x.y","n":1E400,"m":0.10})");
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(json::parse(answer.body), (json{{"requestId", "r-1"}, {"accepted", 1}}));
    const auto records = all_records();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].content, R"({"_id":"e-1","eventType":"x.y","n":1E400,"m":0.10})");
    EXPECT_EQ(records[0].id, "e-1");
    EXPECT_EQ(records[0].type, "x.y");
    EXPECT_EQ(records[0].datastream, "shop");
    EXPECT_EQ(records[0].source, "native");
    EXPECT_EQ(stats_.events_accepted, 1u);
    EXPECT_EQ(stats_.in_flight_bytes, 0u);
}

TEST_F(CollectEndpoint, EventsWithoutAnIdGetDifferentOnes)
{
    open({stream("shop")});
    EXPECT_EQ(post("[{},{},{}]").status, 202);
    std::set<std::string> ids;
    for (const auto& record : all_records()) {
        EXPECT_EQ(record.id.size(), 36u);
        ids.insert(record.id);
    }
    EXPECT_EQ(ids.size(), 3u);
}

TEST_F(CollectEndpoint, ABatchKeepsItsGoodEvents)
{
    open({stream("shop")});
    const auto answer = post("{\"a\":1}\n{\"a\":tru}\n[]\n{\"b\":1,\"b\":1}\n{\"c\":1}\n",
                             {{"content-type", "application/x-ndjson"}});
    EXPECT_EQ(answer.status, 207);
    const auto body = json::parse(answer.body);
    EXPECT_EQ(body.at("accepted"), 2);
    ASSERT_EQ(body.at("rejected").size(), 3u);
    EXPECT_EQ(body.at("rejected")[0].at("index"), 1);
    EXPECT_EQ(body.at("rejected")[0].at("title"), "Malformed JSON");
    EXPECT_EQ(body.at("rejected")[1].at("title"), "Not an object");
    EXPECT_EQ(body.at("rejected")[2].at("title"), "Duplicate key");
    EXPECT_EQ(all_records().size(), 2u);
    EXPECT_EQ(
        stats_.rejected_syntax + stats_.rejected_not_an_object + stats_.rejected_duplicate_key, 3u);
}

TEST_F(CollectEndpoint, ARequestWithoutAGoodEventIsAProblem)
{
    open({stream("shop")});
    for (const auto* body : {"{", "", "[{]", "[1,2]", "\"x\"", "{\"a\":1,\"a\":2}"}) {
        const auto answer = post(body, {{"Content-Type", "application/json"}});
        EXPECT_EQ(answer.status, 400) << body;
        EXPECT_EQ(answer.content_type, "application/problem+json");
        EXPECT_EQ(json::parse(answer.body).at("requestId"), "r-1");
    }
    EXPECT_TRUE(all_records().empty());
}

TEST_F(CollectEndpoint, LimitsTheSizeOfAnEventAndTheirNumber)
{
    settings_.event_bytes_max = 64;
    settings_.events_per_request_max = 3;
    open({stream("shop")});
    const auto large = "{\"a\":\"" + std::string(100, 'x') + "\"}";
    EXPECT_EQ(post(large).status, 413);
    EXPECT_EQ(post("[{}," + large + "]").status, 207);
    EXPECT_EQ(post("[{},{},{},{}]").status, 413);
}

TEST_F(CollectEndpoint, RefusesOtherMediaTypes)
{
    open({stream("shop")});
    EXPECT_EQ(post("<a/>", {{"content-type", "application/xml"}}).status, 415);
    EXPECT_EQ(post("{}", {{"content-type", "Application/JSON; charset=utf-8"}}).status, 202);
}

TEST_F(CollectEndpoint, PicksTheDatastreamByQueryHeaderOrBecauseThereIsOne)
{
    auto off = stream("off");
    off.is_enabled = false;
    open({stream("a"), stream("b"), off});
    EXPECT_EQ(post("{}", {}, "datastream=a").status, 202);
    EXPECT_EQ(post("{}", {{"X-Sluice-Datastream", "b"}}).status, 202);
    EXPECT_EQ(post("{}").status, 400);
    EXPECT_EQ(post("{}", {}, "datastream=c").status, 404);
    EXPECT_EQ(post("{}", {}, "datastream=off").status, 404);
    EXPECT_EQ(post("{}", {}, "datastream=c").body.find("\"a\""), std::string::npos);
    intake_->replace_datastreams({stream("c")});
    EXPECT_EQ(post("{}").status, 202);
}

TEST_F(CollectEndpoint, AsksForABearerTokenWhenThereAreTokens)
{
    auto closed = stream("shop");
    closed.tokens = {secret_string("old-token"), secret_string("new-token")};
    open({closed});
    EXPECT_EQ(post("{}").status, 401);
    EXPECT_EQ(header(post("{}"), "WWW-Authenticate"), "Bearer");
    EXPECT_EQ(post("{}", {{"Authorization", "Bearer wrong"}}).status, 401);
    EXPECT_EQ(post("{}", {{"Authorization", "Basic new-token"}}).status, 401);
    EXPECT_EQ(post("{}", {{"Authorization", "Bearer new-token"}}).status, 202);
    EXPECT_EQ(post("{}", {{"Authorization", "bearer old-token"}}).status, 202);
}

TEST_F(CollectEndpoint, ALogThatRefusesIsA503WithRetryAfter)
{
    open({stream("shop")});
    for (const auto code : {datasets::log_errc::refusing, datasets::log_errc::overloaded,
                            datasets::log_errc::io, datasets::log_errc::closed}) {
        log_.fail_writes(make_error_code(code));
        const auto answer = post("[{},{}]");
        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(header(answer, "Retry-After"), "2");
    }
    EXPECT_EQ(stats_.refused_by_log, 4u);
    EXPECT_EQ(stats_.refused_overloaded, 2u);
    EXPECT_EQ(stats_.unknown, 2u);
    EXPECT_EQ(stats_.events_accepted, 0u);
    log_.fail_writes({});
    EXPECT_EQ(post("{}").status, 202);
}

TEST_F(CollectEndpoint, AnUnconfirmedWriteIsUnknownAfterTheTimeout)
{
    settings_.append_timeout = std::chrono::milliseconds{1};
    open({stream("shop")});
    log_.hold_answers();
    EXPECT_EQ(post("{}").status, 503);
    EXPECT_EQ(stats_.unknown, 1u);
    EXPECT_EQ(stats_.in_flight_bytes, 0u);
    log_.release();
    log_.close();
    io_.restart();
    io_.run();
    EXPECT_EQ(stats_.events_accepted, 0u);
}

TEST_F(CollectEndpoint, PushesBackWhenTooManyBytesAreInFlight)
{
    settings_.in_flight_bytes_max = 10;
    open({stream("shop")});
    EXPECT_EQ(post("{}").status, 202);
    EXPECT_EQ(post(R"({"a":"0123456789"})").status, 503);
    EXPECT_EQ(stats_.refused_overloaded, 1u);
}

TEST_F(CollectEndpoint, EventsOfOneKeyStayInOnePartitionInOrder)
{
    auto keyed = stream("shop");
    keyed.key = [](std::string_view event) -> std::optional<std::string_view> {
        const auto at = event.find("\"k\":\"");
        if (at == std::string_view::npos) return {};
        return event.substr(at + 5, 1);
    };
    open({keyed});
    std::string lines;
    for (int i = 0; i < 100; ++i) {
        lines += "{\"k\":\"" + std::string(1, static_cast<char>('a' + i % 7)) +
                 "\",\"n\":" + std::to_string(i) + "}\n";
    }
    EXPECT_EQ(post(lines, {{"content-type", "application/x-ndjson"}}).status, 202);
    std::map<std::string, std::pair<std::uint32_t, int>> last;
    std::size_t count = 0;
    for (std::uint32_t partition = 0; partition < 4; ++partition) {
        for (const auto& record : log_.records("web", partition)) {
            const int n = json::parse(record.content).at("n");
            const auto [at, is_new] = last.try_emplace(record.key.value(), partition, n);
            EXPECT_EQ(at->second.first, partition);
            EXPECT_TRUE(is_new || at->second.second < n);
            at->second.second = n;
            ++count;
        }
    }
    EXPECT_EQ(count, 100u);
}

TEST_F(CollectEndpoint, RequestsWithoutKeysUseAllPartitions)
{
    open({stream("shop")});
    for (int i = 0; i < 8; ++i) EXPECT_EQ(post("[{},{}]").status, 202);
    for (std::uint32_t partition = 0; partition < 4; ++partition) {
        EXPECT_EQ(log_.records("web", partition).size(), 4u);
    }
}

TEST_F(CollectEndpoint, TakesCloudEventsInAllThreeForms)
{
    open({stream("shop")});
    EXPECT_EQ(post(R"({"specversion":"1.0","id":"c-1","type":"t.a","source":"/s","data":{}})",
                   {{"content-type", "application/cloudevents+json; charset=utf-8"}})
                  .status,
              202);
    EXPECT_EQ(post(R"([{"specversion":"1.0","id":"c-2","type":"t.a","source":"/s"}])",
                   {{"content-type", "application/cloudevents-batch+json"}})
                  .status,
              202);
    EXPECT_EQ(post(R"({"order":1,"total":19.990})", {{"Content-Type", "application/json"},
                                                     {"ce-id", "c-3"},
                                                     {"ce-type", "t.b"},
                                                     {"ce-source", "/caf%C3%A9"},
                                                     {"ce-specversion", "1.0"},
                                                     {"ce-tenant", "a\"b"}})
                  .status,
              202);
    std::map<std::string, sluice::test::kept_record> by_id;
    for (auto& record : all_records()) by_id[record.id] = record;
    ASSERT_EQ(by_id.size(), 3u);
    EXPECT_EQ(by_id["c-3"].source, "cloudevents");
    EXPECT_EQ(by_id["c-3"].type, "t.b");
    EXPECT_NE(by_id["c-3"].content.find(R"("data":{"order":1,"total":19.990})"), std::string::npos);
    const auto built = json::parse(by_id["c-3"].content);
    EXPECT_EQ(built.at("source"), "/caf\xc3\xa9");
    EXPECT_EQ(built.at("tenant"), "a\"b");
    EXPECT_EQ(post("{}", {{"ce-specversion", "1.0"}, {"ce-id", "x"}}).status, 400);
    EXPECT_EQ(
        post("{}}",
             {{"ce-specversion", "1.0"}, {"ce-id", "x"}, {"ce-type", "t"}, {"ce-source", "s"}})
            .status,
        400);
}

}  // namespace
}  // namespace sluice::gateway
