#include "gateway/edge/event_splitter.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

struct cut {
    std::string failed;
    std::vector<std::string> events;
};

cut split(std::string_view body, body_form form, std::size_t events_max = 100)
{
    std::vector<incoming_event> events;
    cut out;
    if (const auto failed = split_events(body, form, events_max, events))
        out.failed = failed->title;
    for (const auto& event : events) out.events.emplace_back(event.json);
    return out;
}

using texts = std::vector<std::string>;

TEST(EventSplitter, OneObjectIsOneEvent)
{
    EXPECT_EQ(split(" {\"a\":1}\n", body_form::json).events, texts{"{\"a\":1}"});
}

TEST(EventSplitter, AnArrayIsItsElements)
{
    EXPECT_EQ(split("[ {\"a\":[1,2]} ,\n{\"b\":\"],[\\\"\"} ]\n", body_form::json).events,
              (texts{"{\"a\":[1,2]}", "{\"b\":\"],[\\\"\"}"}));
    EXPECT_EQ(split("[1,\"x\",null]", body_form::unknown).events, (texts{"1", "\"x\"", "null"}));
}

TEST(EventSplitter, ABrokenElementCostsOnlyItself)
{
    EXPECT_EQ(split("[{\"a\":1},{\"a\":tru},{\"b\":2}]", body_form::json).events.size(), 3u);
    EXPECT_EQ(split("[{\"a\":1} {\"b\":2},{}]", body_form::json).events,
              (texts{"{\"a\":1} {\"b\":2}", "{}"}));
}

TEST(EventSplitter, ABrokenArrayIsRefusedAsAWhole)
{
    for (const auto* body :
         {"[", "[{}", "[{},", "[{},]", "[,{}]", "[{}]x", "[{}}", "[{},,{}]", "[{\"a\":\"x]"}) {
        EXPECT_EQ(split(body, body_form::json).failed, "Malformed JSON") << body;
    }
}

TEST(EventSplitter, LinesMayEndWithCrLfAndMayBeEmpty)
{
    EXPECT_EQ(split("{\"a\":1}\r\n\n  \n{\"b\":2}", body_form::lines).events,
              (texts{"{\"a\":1}", "{\"b\":2}"}));
}

TEST(EventSplitter, AnUntypedBodyIsRecognised)
{
    EXPECT_EQ(split("{\"a\":1}\n{\"b\":2}\n", body_form::unknown).events.size(), 2u);
    EXPECT_EQ(split("{\"a\":\n{\"b\":2}\n}", body_form::unknown).events.size(), 1u);
    EXPECT_EQ(split("[{},{}]", body_form::unknown).events.size(), 2u);
}

TEST(EventSplitter, NothingIsNoEvent)
{
    for (const auto form : {body_form::json, body_form::lines, body_form::unknown}) {
        EXPECT_EQ(split(" \r\n ", form).failed, "Empty body");
    }
    EXPECT_EQ(split("[ ]", body_form::json).failed, "Empty body");
}

TEST(EventSplitter, StopsAtTheLimit)
{
    EXPECT_EQ(split("[{},{},{}]", body_form::json, 2).failed, "Too many events");
    EXPECT_EQ(split("{}\n{}\n{}\n", body_form::lines, 2).failed, "Too many events");
    EXPECT_EQ(split("[{},{}]", body_form::json, 2).failed, "");
}

}  // namespace
}  // namespace sluice::gateway
