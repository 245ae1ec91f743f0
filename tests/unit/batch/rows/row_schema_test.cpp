#include "batch/rows/row_schema.hpp"

#include <gtest/gtest.h>

namespace sluice::batch {
namespace {

TEST(RowSchema, OnlyGrows)
{
    row_schema schema;
    EXPECT_TRUE(schema.learn(R"({"b":1,"a":{"x":"t"}})"));
    const auto before = schema.root();
    EXPECT_FALSE(schema.learn(R"({"b":2})"));
    EXPECT_FALSE(schema.learn(R"({"b":"conflict","a":5})"));
    EXPECT_EQ(schema.root(), before);
    EXPECT_TRUE(schema.learn(R"({"c":true,"a":{"y":1}})"));
    ASSERT_EQ(schema.root().children.size(), 3U);
    EXPECT_EQ(schema.root().children[0], before.children[0]) << "old columns keep place and type";
    EXPECT_EQ(schema.root().children[1].children[0].name, "x");
    EXPECT_EQ(schema.root().children[1].children[1].name, "y");
}

TEST(RowSchema, IntegersWidenToDoublesNeverBack)
{
    row_schema schema;
    schema.learn(R"({"n":1,"l":[1]})");
    EXPECT_TRUE(schema.learn(R"({"n":1.5,"l":[2,2.5]})"));
    EXPECT_EQ(schema.root().children[0].kind, column_kind::float64);
    EXPECT_EQ(schema.root().children[1].children[0].kind, column_kind::float64);
    EXPECT_FALSE(schema.learn(R"({"n":1,"l":[1]})"));
    EXPECT_EQ(schema.root().children[0].kind, column_kind::float64);
}

TEST(RowSchema, WhatHasNoTypeIsNoColumn)
{
    row_schema schema;
    for (const char* event : {R"({"a":null,"b":{},"c":[],"d":[null],"e":{"f":null}})",
                              R"({"n":123456789012345678901234567890})", R"({"":1})", "[1]", "7",
                              R"({"_sluice_offset":1,"_rescued":2})", R"({"a":)", ""}) {
        EXPECT_FALSE(schema.learn(event)) << event;
    }
    EXPECT_TRUE(schema.root().children.empty());
}

TEST(RowSchema, SurvivesItsStoredForm)
{
    row_schema schema;
    schema.learn(R"({"a":{"b":[{"c":1.5}]},"t":"x","f":false,"n":3})");
    const auto again = row_schema::from_json(schema.to_json()).value();
    EXPECT_EQ(again, schema);
    EXPECT_EQ(again.id(), schema.id());
    EXPECT_NE(again.id(), row_schema().id());
    EXPECT_EQ(row_schema::from_json("").value(), row_schema());
    EXPECT_TRUE(
        row_schema::from_json("{\"columns\":[{\"name\":\"a\",\"type\":\"list\"}]}").has_error());
    EXPECT_TRUE(row_schema::from_json("nonsense").has_error());
}

TEST(RowSchema, RandomKeysStopAtTheLimit)
{
    row_schema schema;
    for (int i = 0; i < 2500; ++i) schema.learn("{\"k" + std::to_string(i) + "\":1}");
    EXPECT_EQ(schema.root().children.size(), columns_max);
}

TEST(RowSchema, DepthStopsAtTheLimit)
{
    std::string deep;
    for (int i = 0; i < 60; ++i) deep += "{\"a\":";
    deep += "1" + std::string(60, '}');
    row_schema schema;
    EXPECT_FALSE(schema.learn(deep));
}

}  // namespace
}  // namespace sluice::batch
