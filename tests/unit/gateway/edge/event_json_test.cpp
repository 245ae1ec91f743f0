#include "gateway/edge/event_json.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace sluice::gateway {
namespace {

struct judged {
    event_defect defect;
    std::string id;
    std::string type;
};

judged judge(std::string_view json, const std::vector<std::string>& id_path = {})
{
    event_scanner scanner;
    text_arena arena;
    const auto facts = scanner.scan(json, id_path, arena);
    return {facts.defect, std::string(facts.id), std::string(facts.type)};
}

event_defect defect_of(std::string_view json)
{
    return judge(json).defect;
}

TEST(EventScanner, AcceptsEveryKindOfValue)
{
    for (const auto* json :
         {R"({})", R"( {"a":1} )", R"({"a":[]})", R"({"a":[[],{},"x",true,false,null]})",
          R"({"a":-0,"b":0.5,"c":1E5,"d":1e-7,"e":[0]})", "{\"a\"\n:\t1\r}", R"({"":{"":{"":0}}})",
          R"({"a":"\" \\ \/ \b \f \n \r \t \u00e9 \ud83d\ude00"})", R"({"a":"\u0000"})",
          "{\"a\":\"na\xc3\xafve \xf0\x9f\x9b\x92\"}"}) {
        EXPECT_EQ(defect_of(json), event_defect::none) << json;
    }
}

TEST(EventScanner, AcceptsNumbersOfAnySize)
{
    for (const auto* json : {R"({"a":123456789012345678901234567890})", R"({"a":1e400})",
                             R"({"a":-1e-400})", R"({"a":0.1000000000000000055511151231257827})"}) {
        EXPECT_EQ(defect_of(json), event_defect::none) << json;
    }
}

TEST(EventScanner, RefusesWhatTheGrammarDoesNotHave)
{
    for (const auto* json : {"",
                             " ",
                             "{",
                             "}",
                             "{}}",
                             "{} {}",
                             R"({"a"})",
                             R"({"a":})",
                             R"({"a":1,})",
                             R"({,"a":1})",
                             R"({"a":1 "b":2})",
                             R"({a:1})",
                             R"({'a':1})",
                             R"({"a":01})",
                             R"({"a":1.})",
                             R"({"a":.5})",
                             R"({"a":+1})",
                             R"({"a":-})",
                             R"({"a":1e})",
                             R"({"a":0x1})",
                             R"({"a":NaN})",
                             R"({"a":Infinity})",
                             R"({"a":tru})",
                             R"({"a":True})",
                             R"({"a":nul})",
                             R"({"a":[1,]})",
                             R"({"a":[,1]})",
                             R"({"a":[1 2]})",
                             R"({"a":[1})",
                             R"({"a":{]})",
                             R"({"a":"x)",
                             R"({"a":"\x"})",
                             R"({"a":"\u12"})",
                             R"({"a":"\u12g4"})",
                             "{\"a\":\"\n\"}",
                             "{\"a\":\"\x01\"}",
                             R"({"a":1}//c)",
                             R"({"a":/*c*/1})",
                             R"({"a":"b"]})",
                             "{\"a\":1}\x01"}) {
        EXPECT_NE(defect_of(json), event_defect::none) << json;
    }
}

TEST(EventScanner, RefusesLoneSurrogates)
{
    for (const auto* json :
         {R"({"a":"\ud800"})", R"({"a":"\ud800x"})", R"({"a":"\udc00"})", R"({"a":"\udc00\ud800"})",
          R"({"a":"\ud800\ud800"})", R"({"a":"\ud800\n"})", R"({"\udc00":1})"}) {
        EXPECT_EQ(defect_of(json), event_defect::syntax) << json;
    }
}

TEST(EventScanner, RefusesBytesThatAreNotUtf8)
{
    for (const auto* bad :
         {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
        EXPECT_EQ(defect_of(std::string("{\"a\":\"") + bad + "\"}"), event_defect::encoding);
    }
    EXPECT_NE(defect_of("\xef\xbb\xbf{}"), event_defect::none);
}

TEST(EventScanner, RefusesWhatIsNotAnObject)
{
    for (const auto* json : {"1", "\"a\"", "null", "[]", "true"}) {
        EXPECT_EQ(defect_of(json), event_defect::not_an_object) << json;
    }
}

TEST(EventScanner, RefusesDuplicateKeysInAnyObjectAfterUnescaping)
{
    EXPECT_EQ(defect_of(R"({"a":1,"b":2,"a":3})"), event_defect::duplicate_key);
    EXPECT_EQ(defect_of(R"({"a":1,"\u0061":2})"), event_defect::duplicate_key);
    EXPECT_EQ(defect_of(R"({"x":[{"y":{"a":1,"a":1}}]})"), event_defect::duplicate_key);
    EXPECT_EQ(defect_of(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})"), event_defect::none);
}

TEST(EventScanner, FindsADuplicateAmongThousandsOfKeys)
{
    std::string json = "{";
    for (int i = 0; i < 3000; ++i) json += "\"k" + std::to_string(i) + "\":0,";
    EXPECT_EQ(defect_of(json + "\"last\":0}"), event_defect::none);
    EXPECT_EQ(defect_of(json + "\"k17\":0}"), event_defect::duplicate_key);
    EXPECT_EQ(defect_of(json + "\"k2999\":0}"), event_defect::duplicate_key);
}

TEST(EventScanner, LimitsNestingKeysAndKeyLength)
{
    const auto nested = [](int depth) {
        std::string json = "{\"a\":";
        for (int i = 1; i < depth; ++i) json += '[';
        for (int i = 1; i < depth; ++i) json += ']';
        return json + "}";
    };
    EXPECT_EQ(defect_of("{\"a\":" + nested(63) + "}"), event_defect::none);
    EXPECT_EQ(defect_of("{\"a\":" + nested(64) + "}"), event_defect::too_deep);
    EXPECT_EQ(defect_of("{\"a\":" + std::string(1'000'000, '[')), event_defect::too_deep);
    EXPECT_EQ(defect_of("{\"" + std::string(1025, 'k') + "\":1}"), event_defect::key_too_long);
    std::string many = "{\"first\":0";
    for (int i = 0; i < 4096; ++i) many += ",\"k" + std::to_string(i) + "\":0";
    EXPECT_EQ(defect_of(many + "}"), event_defect::too_many_keys);
}

TEST(EventScanner, EveryPrefixOfAnEventIsRefused)
{
    const std::string json =
        R"({"_id":"e-1","a":[1,-2.5e3,{"b":"\u00e9\ud83d\ude00x"}],"c":{"d":true,"e":null}})";
    ASSERT_EQ(defect_of(json), event_defect::none);
    for (std::size_t size = 0; size < json.size(); ++size) {
        EXPECT_NE(defect_of(std::string_view(json).substr(0, size)), event_defect::none) << size;
    }
}

TEST(EventScanner, PrefersTheMostSpecificId)
{
    EXPECT_EQ(judge(R"({"id":"c","messageId":"b","_id":"a"})").id, "a");
    EXPECT_EQ(judge(R"({"id":"c","messageId":"b"})").id, "b");
    EXPECT_EQ(judge(R"({"id":"c"})").id, "c");
    EXPECT_EQ(judge(R"({"id":7})").id, "");
    EXPECT_EQ(judge(R"({"nested":{"_id":"x"}})").id, "");
    EXPECT_EQ(judge(R"({"_id":"caf\u00e9"})").id, "caf\xc3\xa9");
}

TEST(EventScanner, FollowsTheConfiguredIdPath)
{
    const std::vector<std::string> path{"order", "number"};
    EXPECT_EQ(judge(R"({"_id":"x","order":{"id":"y","number":"PO-7"}})", path).id, "PO-7");
    EXPECT_EQ(judge(R"({"order":{"number":1234567890123456789012}})", path).id,
              "1234567890123456789012");
    EXPECT_EQ(judge(R"({"other":{"number":"no"},"order":[{"number":"no"}]})", path).id, "");
    EXPECT_EQ(judge(R"({"order":{"order":{"number":"no"}}})", path).id, "");
}

TEST(EventScanner, NamesTheTypeByDialect)
{
    EXPECT_EQ(judge(R"({"eventType":"web.pageView","type":"x"})").type, "web.pageView");
    EXPECT_EQ(judge(R"({"type":"com.example.paid"})").type, "com.example.paid");
    EXPECT_EQ(judge(R"({"type":"track","event":"Order Completed"})").type, "Order Completed");
    EXPECT_EQ(judge(R"({"type":"page","event":"x"})").type, "page");
}

TEST(EventScanner, RefusesIdsThatNoHeaderCouldCarry)
{
    EXPECT_EQ(defect_of(R"({"_id":"a\r\nx: y"})"), event_defect::bad_id);
    EXPECT_EQ(defect_of("{\"_id\":\"" + std::string(513, 'x') + "\"}"), event_defect::bad_id);
}

TEST(EventScanner, RandomDamageNeverLeavesTheEvent)
{
    const std::string good =
        R"({"_id":"e-1","a":[1,-2.5e3,{"b":"\u00e9\ud83d\ude00x"}],"c":{"d":true,"e":null}})";
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        // a heap copy of exactly the right size: the sanitizer sees every byte read beyond it
        std::vector<char> bytes(good.begin(), good.end());
        bytes[random() % bytes.size()] = static_cast<char>(random());
        bytes.resize(1 + random() % bytes.size());
        bytes.shrink_to_fit();
        const auto facts = judge({bytes.data(), bytes.size()});
        EXPECT_NE(static_cast<int>(facts.defect), 99);
    }
}

}  // namespace
}  // namespace sluice::gateway
