#include "rules/rule_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::HasSubstr;

std::string file_text(const std::string& path)
{
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

rule_test_report run(const std::string& yaml, config::diagnostics& problems,
                     const std::string& folder = ".")
{
    return run_rule_tests(sources_of(yaml, problems, "rules.yaml", folder), test_names(), problems);
}

class ExampleRuleSet : public ::testing::TestWithParam<const char*> {};

TEST_P(ExampleRuleSet, PassesItsOwnTests)
{
    const std::string folder = SLUICE_SOURCE_DIR "/tests/unit/rules/data";
    config::diagnostics problems;
    const auto report = run(file_text(folder + "/" + GetParam()), problems, folder);
    EXPECT_FALSE(problems.has_errors()) << problems.to_text();
    EXPECT_FALSE(report.results.empty());
    EXPECT_EQ(report.failed(), 0U) << report.to_text();
}

INSTANTIATE_TEST_SUITE_P(Files, ExampleRuleSet, ::testing::Values("purchases.yaml", "leads.yaml",
                                           "leads_without_steps.yaml"));

constexpr const char* failing = R"(
rules:
  s:
    source: web_events
    rules:
      - {name: a, when: event.n > 1, to: crm, request: {path: "/x/{{ event.n }}", body: {map: {n: event.n, bad: 1 / event.z}}}}
    tests:
      - {name: good, event: {n: 2, z: 0}, expect: {matched: [a], warnings: ["a: bad"], requests: {a: {path: /x/2, body: {n: 2}}}}}
      - {name: wrong names, event: {n: 1}, expect: {matched: [a]}}
      - {name: wrong body, event: {n: 2, z: 1}, expect: {requests: {a: {path: /x/3, body: {n: 2.0, bad: 1}}}}}
      - {name: wrong reason, event: {n: 1}, expect: {not_matched: {a: total}}}
      - {name: has, event: {n: 2, z: 1}, expect: {requests: {a: {body_has: {bad: 1}}}}}
      - {name: error, event: {n: 2, z: 1}, expect: {requests: {a: {error: path}}}}
)";

TEST(RuleTests, CountsAndExplainsFailures)
{
    config::diagnostics problems;
    const auto report = run(failing, problems);
    EXPECT_FALSE(problems.has_errors()) << problems.to_text();
    const auto text = report.to_text();
    EXPECT_THAT(text, ::testing::EndsWith("2 passed, 4 failed\n"));
    EXPECT_THAT(text, HasSubstr("wrong names\n  matched: wanted [a], got []"));
    EXPECT_THAT(text, HasSubstr("path wanted /x/3, got /x/2"));
    EXPECT_THAT(text, HasSubstr("n: wanted 2"));
    EXPECT_THAT(text, HasSubstr("the reason of 'a' is 'event.n > 1"));
    EXPECT_THAT(text, HasSubstr("wanted the error 'path', got no error"));
}

TEST(RuleTests, RunsNothingWhileTheSetHasErrors)
{
    config::diagnostics problems;
    const auto report =
        run("rules:\n  s:\n    source: web_events\n    rules: [{name: a}]\n", problems);
    EXPECT_TRUE(problems.has_errors());
    EXPECT_TRUE(report.results.empty());
}

TEST(JsonDifference, TellsNumbersApartAndIgnoresOrder)
{
    EXPECT_EQ(json_difference(R"({"a":1,"b":[2]})", R"({"b":[2],"a":1})"), "");
    EXPECT_NE(json_difference(R"({"a":1})", R"({"a":1.0})"), "");
    EXPECT_NE(json_difference(R"({"a":1})", R"({"a":1,"b":2})"), "");
    EXPECT_EQ(json_difference(R"({"a":1})", R"({"a":1,"b":2})", true), "");
    EXPECT_NE(json_difference("[1]", "[1,2]"), "");
    EXPECT_NE(json_difference("{}", "not json"), "");
}

}  // namespace
}  // namespace sluice::rules::testing
