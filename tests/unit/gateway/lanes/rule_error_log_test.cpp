#include "gateway/lanes/rule_error_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/yaml/yaml_reader.hpp"

namespace sluice::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* yaml = R"(
s:
  source: web
  rules:
    - {name: one, when: event.a / event.b > 1, to: crm}
    - {name: two, when: event.a % event.b == 1, to: crm}
)";

class RuleErrorLog : public ::testing::Test {
protected:
    RuleErrorLog()
    {
        config::diagnostics problems;
        const auto document = config::read_yaml_text(yaml, "rules.yaml", problems);
        std::map<std::string, config::rule_source> sources;
        sources["s"] = {.name = "s", .body = *document->find("s"), .folder = "."};
        catalog_ =
            rules::compile_rules(sources, {.datasets = {"web"}, .destinations = {"crm"}}, problems);
    }

    void note(const std::string& id, const std::string& json)
    {
        log_.note(*catalog_, {.json = json, .id = id, .type = "t", .dataset = "web"}, now_);
    }

    std::vector<std::string> lines_;
    rule_error_log log_{[this](const std::string& line) { lines_.push_back(line); }};
    rule_error_log::time_point now_{std::chrono::hours{5}};
    std::shared_ptr<const rules::rule_catalog> catalog_;
};

TEST_F(RuleErrorLog, NamesRuleEventAndCauseButNoValue)
{
    note("e-1", R"({"a":4711,"b":0})");
    ASSERT_EQ(lines_.size(), 2U);
    EXPECT_THAT(lines_[0], HasSubstr("rule s/one"));
    EXPECT_THAT(lines_[0], HasSubstr("event e-1"));
    EXPECT_THAT(lines_[0], HasSubstr("division by zero in event.a / event.b > 1"));
    EXPECT_THAT(lines_[0], Not(HasSubstr("4711")));
}

TEST_F(RuleErrorLog, WritesTenLinesPerRuleAndMinute)
{
    for (int i = 0; i < 100; ++i) note("e", R"({"a":1,"b":0})");
    EXPECT_EQ(lines_.size(), 20U);
    EXPECT_THAT(lines_.back(), HasSubstr("only counted"));
    now_ += std::chrono::seconds{59};
    note("e", R"({"a":1,"b":0})");
    EXPECT_EQ(lines_.size(), 20U);
    now_ += std::chrono::seconds{1};
    note("e", R"({"a":1,"b":0})");
    EXPECT_EQ(lines_.size(), 22U);
}

TEST_F(RuleErrorLog, SaysNothingOfFieldsThatAreAbsent)
{
    note("e", R"({"a":1})");
    EXPECT_TRUE(lines_.empty());
}

}  // namespace
}  // namespace sluice::gateway
