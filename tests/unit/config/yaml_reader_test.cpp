#include "config/yaml/yaml_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::config {
namespace {

using place = std::pair<std::uint32_t, std::uint32_t>;

place at(const source_location& where)
{
    return {where.line, where.column};
}

node read(const std::string& text)
{
    diagnostics problems;
    auto root = read_yaml_text(text, "t.yaml", problems);
    EXPECT_EQ(problems.to_text(), "");
    return root ? *root : node{};
}

/// The place of the first occurrence of `part` in the value of key `a`.
place locate(const std::string& text, const std::string& part)
{
    const node root = read(text);
    const node* value = root.find("a");
    const auto offset = value->text.find(part);
    EXPECT_NE(offset, std::string::npos) << value->text;
    return at(value->locate(offset));
}

TEST(YamlReader, KeysAndValuesKnowTheirPlaces)
{
    const node root = read("a: 1\nb:\n  - x\n  - {c: y}\n");
    EXPECT_EQ(at(root.find_key("b")->where), place(2, 1));
    EXPECT_EQ(at(root.find("b")->items[1].where), place(4, 5));
    EXPECT_EQ(at(root.find("b")->items[1].find("c")->where), place(4, 9));
}

TEST(YamlReader, QuotedTextBeginsBehindItsQuote)
{
    EXPECT_EQ(locate("a: \"x + y\"", "y"), place(1, 9));
    EXPECT_TRUE(read("a: '1'").find("a")->is_quoted);
    EXPECT_FALSE(read("a: 1").find("a")->is_quoted);
}

TEST(YamlReader, PlacesInLiteralBlocksAreExact)
{
    EXPECT_EQ(locate("a: |\n    first\n      second\n\n    third\n", "first"), place(2, 5));
    EXPECT_EQ(locate("a: |\n    first\n      second\n\n    third\n", "second"), place(3, 7));
    EXPECT_EQ(locate("a: |-\n\n  first\n  x third\n", "third"), place(4, 5));
}

TEST(YamlReader, PlacesInFoldedBlocksAndLinesThatGoOnAreExact)
{
    EXPECT_EQ(locate("a: >\n  one ==\n  two &&\n\n  three\n", "two"), place(3, 3));
    EXPECT_EQ(locate("a: >\n  one ==\n  two &&\n\n  three\n", "three"), place(5, 3));
    EXPECT_EQ(locate("a: one &&\n   two || three\n", "three"), place(2, 11));
    EXPECT_EQ(locate("a: \"one &&\n   two\"\n", "two"), place(2, 4));
}

TEST(YamlReader, ValuesBehindAnchorsPointAtTheValue)
{
    const node root = read("a: &x 'text'\nb: &y\n  c: 1\nd: *x\n");
    EXPECT_EQ(at(root.find("a")->text_where), place(1, 8));
    EXPECT_EQ(at(root.find("b")->where), place(3, 3));
    EXPECT_EQ(root.find("d")->text, "text");
}

TEST(YamlReader, AnEmptyValueStandsAtItsKey)
{
    const node root = read("a:\n\nb: 1\n");
    EXPECT_TRUE(root.find("a")->is_null());
    EXPECT_EQ(at(root.find("a")->where), place(1, 1));
}

TEST(YamlReader, EarlierMergedMapsWinOverLaterOnes)
{
    const node root = read("x: &x {k: 1}\ny: &y {k: 2, l: 3}\nz: {<<: [*x, *y], m: 4}\n");
    const node& merged = *root.find("z");
    EXPECT_EQ(merged.find("k")->text, "1");
    EXPECT_EQ(merged.find("l")->text, "3");
    EXPECT_EQ(merged.find("m")->text, "4");
    EXPECT_EQ(merged.find("<<"), nullptr);
}

TEST(YamlReader, EmptyTextAndCommentsAreANullNode)
{
    EXPECT_TRUE(read("").is_null());
    EXPECT_TRUE(read("# nothing\n").is_null());
}

TEST(YamlReader, ByteOrderMarkAndCarriageReturnsDoNotShiftPlaces)
{
    const node root = read(
        "\xEF\xBB\xBF"
        "a: 1\r\nb: two\r\n");
    EXPECT_EQ(at(root.find("a")->where), place(1, 4));
    EXPECT_EQ(at(root.find("b")->where), place(2, 4));
    EXPECT_EQ(root.find("b")->text, "two");
}

TEST(YamlReader, AliasesThatMultiplyAreStopped)
{
    std::string text = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = "*a" + std::to_string(i - 1) + ", ";
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int k = 0; k < 9; ++k) text += before;
        text += "]\n";
    }
    diagnostics problems;
    EXPECT_FALSE(read_yaml_text(text, "t.yaml", problems, {.nodes_max = 10'000}));
    EXPECT_THAT(problems.to_text(), testing::HasSubstr("has more than 10000 values"));
}

TEST(YamlReader, DeepNestingIsStoppedAlsoThroughAliases)
{
    diagnostics problems;
    EXPECT_FALSE(read_yaml_text(std::string(100'000, '['), "t.yaml", problems));
    EXPECT_THAT(problems.to_text(), testing::HasSubstr("nested more than 100 deep"));

    diagnostics through_alias;
    EXPECT_FALSE(
        read_yaml_text("a: &a [[[1]]]\nb: [[*a]]\n", "t.yaml", through_alias, {.depth_max = 5}));
    EXPECT_THAT(through_alias.to_text(), testing::HasSubstr("2:6: error"));
}

TEST(YamlReader, ALargeFileIsRefused)
{
    diagnostics problems;
    EXPECT_FALSE(read_yaml_text("a: 1234567890", "t.yaml", problems, {.bytes_max = 10}));
    EXPECT_THAT(problems.to_text(), testing::HasSubstr("the file has 13 bytes, 10 are allowed"));
}

TEST(YamlReader, AMissingFileIsReported)
{
    diagnostics problems;
    EXPECT_FALSE(read_yaml_file("/no/such/file.yaml", problems));
    EXPECT_THAT(problems.to_text(),
                testing::HasSubstr("/no/such/file.yaml: error: the file can't be read"));
}

TEST(YamlReader, ADuplicateKeyKeepsTheFirstValueAndTheTree)
{
    diagnostics problems;
    const auto root = read_yaml_text("a: 1\na: 2\nb: 3\n", "t.yaml", problems);
    ASSERT_TRUE(root);
    EXPECT_EQ(problems.error_count(), 1u);
    EXPECT_EQ(root->find("a")->text, "1");
    EXPECT_EQ(root->find("b")->text, "3");
}

}  // namespace
}  // namespace sluice::config
