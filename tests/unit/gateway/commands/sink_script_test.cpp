#include "gateway/commands/sink_script.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

/// Counts up, so that a share of p fails in exactly that share of a long series.
class even_random final : public random_source {
public:
    std::uint64_t next() override
    {
        const auto value = at_;
        at_ += 0x0CCC'CCCC'CCCC'CCCDull;  // one twentieth of the range
        return value;
    }

private:
    std::uint64_t at_ = 0;
};

std::vector<int> answers(sink_script& script, std::string_view target, int count)
{
    even_random random;
    std::vector<int> statuses;
    for (int i = 0; i < count; ++i) statuses.push_back(script.answer(target, random).status);
    return statuses;
}

TEST(SinkScript, WorksThroughTheListAndRepeatsTheLast)
{
    auto script = sink_script::make({.status = "200,503x3,404"});
    ASSERT_TRUE(script);
    EXPECT_EQ(answers(*script, "/", 7), (std::vector{200, 503, 503, 503, 404, 404, 404}));
}

TEST(SinkScript, KeepsACountOfItsOwnForEachPath)
{
    auto script = sink_script::make({.on = {"/crm=503,200", "/crm/gone=410"}});
    ASSERT_TRUE(script);
    EXPECT_EQ(answers(*script, "/other", 1), (std::vector{200}));
    EXPECT_EQ(answers(*script, "/crm/a", 2), (std::vector{503, 200}));
    EXPECT_EQ(answers(*script, "/crm/gone/7", 2), (std::vector{410, 410}));
}

TEST(SinkScript, FailsTheShareAskedFor)
{
    auto script = sink_script::make({.fail_share = 0.25, .retry_after = 7});
    ASSERT_TRUE(script);
    even_random random;
    int failed = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto answer = script->answer("/", random);
        EXPECT_EQ(answer.retry_after.has_value(), answer.status == 503);
        failed += answer.status == 503 ? 1 : 0;
    }
    EXPECT_NEAR(failed, 250, 5);
}

TEST(SinkScript, ReadsDurationsWithTheirUnit)
{
    EXPECT_EQ(parse_sink_duration("50ms").value().count(), 50);
    EXPECT_EQ(parse_sink_duration("2s").value().count(), 2000);
    EXPECT_EQ(parse_sink_duration("1m").value().count(), 60'000);
    EXPECT_EQ(parse_sink_duration("30").value().count(), 30);
    for (const auto* text : {"", "ms", "-1s", "1h", "1.5s", "99999999999s"}) {
        EXPECT_FALSE(parse_sink_duration(text)) << text;
    }
}

TEST(SinkScript, SaysHowToWriteABadOptionRight)
{
    for (const auto* text : {"", "abc", "199", "600", "200x", "200x0", "200,,404"}) {
        const auto script = sink_script::make({.status = text});
        ASSERT_FALSE(script) << text;
        EXPECT_NE(script.error().message.find("503x3,200"), std::string::npos);
    }
    EXPECT_FALSE(sink_script::make({.on = {"crm=200"}}));
    EXPECT_FALSE(sink_script::make({.on = {"/crm"}}));
    EXPECT_FALSE(sink_script::make({.fail_share = 1.5}));
    EXPECT_FALSE(sink_script::make({.delay = "soon"}));
}

}  // namespace
}  // namespace sluice::gateway
