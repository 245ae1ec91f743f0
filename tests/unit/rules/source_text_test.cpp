#include "rules/definition/source_text.hpp"

#include <gtest/gtest.h>

#include "config/yaml/yaml_reader.hpp"
#include "rules/definition/literal.hpp"

namespace sluice::rules {
namespace {

/// The place of `needle` as the alignment finds it, from the node under `key`.
std::pair<std::uint32_t, std::uint32_t> place(const std::string& yaml, const std::string& needle)
{
    config::diagnostics problems;
    const auto document = config::read_yaml_text(yaml, "t.yaml", problems);
    const auto text = text_of(*document->find("key"));
    const auto found = align_place(yaml, text, text.text.find(needle));
    return {found.line, found.column};
}

using pair = std::pair<std::uint32_t, std::uint32_t>;

TEST(SourceText, PointsIntoPlainAndQuotedText)
{
    EXPECT_EQ(place("key: a + bad\n", "bad"), pair(1, 10));
    EXPECT_EQ(place("key: \"a + bad\"\n", "bad"), pair(1, 11));
    EXPECT_EQ(place("key: 'it''s bad'\n", "bad"), pair(1, 13));
    EXPECT_EQ(place("key: 'a == ''x'' && bad'\n", "bad"), pair(1, 21));
    EXPECT_EQ(place("key: \"a == \\\"x\\\" && bad\"\n", "bad"), pair(1, 21));
}

TEST(SourceText, PointsIntoBlocksOfSeveralLines)
{
    EXPECT_EQ(place("key: |\n  one +\n  two + bad\n", "bad"), pair(3, 9));
    EXPECT_EQ(place("key: >\n  one +\n  two + bad\n", "bad"), pair(3, 9));
    EXPECT_EQ(place("key: one +\n  two + bad\n", "bad"), pair(2, 9));
}

TEST(Literal, ReadsYamlAsJson)
{
    config::diagnostics problems;
    const auto document = config::read_yaml_text(
        "{a: 89, b: 89.0, c: 2025-03-01, d: \"5\", e: null, f: [true, x], g: 007, h: .5}", "t",
        problems);
    EXPECT_EQ(
        to_json(*document),
        R"({"a":89,"b":89.0,"c":"2025-03-01","d":"5","e":null,"f":[true,"x"],"g":"007","h":".5"})");
}

TEST(Literal, MergePatchFollowsRfc7396)
{
    config::diagnostics problems;
    const auto target = config::read_yaml_text("{a: {b: 1, c: 2}, d: [1]}", "t", problems);
    const auto patch =
        config::read_yaml_text("{a: {b: null, e: 3}, d: {f: {g: null}}, h: 4}", "t", problems);
    EXPECT_EQ(to_json(merge_patch(*target, *patch)), R"({"a":{"c":2,"e":3},"d":{"f":{}},"h":4})");
}

}  // namespace
}  // namespace sluice::rules
