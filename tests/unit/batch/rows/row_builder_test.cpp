#include "batch/rows/row_builder.hpp"

#include <gtest/gtest.h>

#include "datasets/record_encoder.hpp"

namespace sluice::batch {
namespace {

row_group group_of(const std::vector<std::string>& events)
{
    std::string payload;
    for (const auto& e : events) {
        datasets::encode_record(payload, {.id = "x", .content = e});
    }
    const auto count = static_cast<std::uint32_t>(events.size());
    auto batch = datasets::record_batch::from_payload(offset{100}, count, payload).value();
    row_group out{.partition = partition_id{2}};
    for (const auto& record : batch->records()) out.rows.push_back(&record);
    out.owners.push_back(batch);
    return out;
}

row_schema schema_of(const std::vector<std::string>& events)
{
    row_schema out;
    for (const auto& e : events) out.learn(e);
    return out;
}

bool is_valid(const column_buffer& column, std::size_t i)
{
    return (column.validity[i / 8] >> (i % 8) & 1) != 0;
}

std::string text_at(const column_buffer& column, std::size_t i)
{
    if (!is_valid(column, i)) return "null";
    return column.bytes.substr(column.offsets[i], column.offsets[i + 1] - column.offsets[i]);
}

const column_buffer& column(const row_builder& builder, std::string_view name)
{
    for (const auto& c : builder.columns()) {
        if (c.name == name) return c;
    }
    throw std::out_of_range("no column " + std::string(name));
}

/// What lands in `_rescued` of the last event when the schema comes from the first.
std::string rescued(const std::string& learnt_from, const std::string& event)
{
    row_builder builder(schema_of({learnt_from}));
    builder.build(group_of({event}));
    for (const auto& c : builder.columns()) EXPECT_EQ(c.length, 1U) << c.name;
    return text_at(builder.columns().back(), 0);
}

TEST(RowBuilder, FillsColumnsOfEveryKind)
{
    const std::string event =
        R"({"n":7,"d":1.5,"b":true,"t":"a\n\u00e9","s":{"x":1},"l":[{"k":"v"},{"k":null}]})";
    row_builder builder(schema_of({event}));
    EXPECT_FALSE(builder.build(group_of({"{}", event})));
    EXPECT_EQ(column(builder, "n").integers, (std::vector<std::int64_t>{0, 7}));
    EXPECT_FALSE(is_valid(column(builder, "n"), 0));
    EXPECT_EQ(column(builder, "d").doubles[1], 1.5);
    EXPECT_EQ(column(builder, "b").bits[0], 2);
    EXPECT_EQ(text_at(column(builder, "t"), 1), "a\n\xC3\xA9");
    EXPECT_EQ(column(builder, "s").children[0].integers[1], 1);
    const auto& list = column(builder, "l");
    EXPECT_EQ(list.offsets, (std::vector<std::int32_t>{0, 0, 2}));
    EXPECT_EQ(text_at(list.children[0].children[0], 0), "v");
    EXPECT_EQ(text_at(list.children[0].children[0], 1), "null");
    EXPECT_EQ(column(builder, offset_column).integers, (std::vector<std::int64_t>{100, 101}));
    EXPECT_EQ(column(builder, partition_column).integers[0], 2);
    EXPECT_EQ(text_at(builder.columns().back(), 1), "null");
}

TEST(RowBuilder, WhatDoesNotFitKeepsItsTextUnderItsPointer)
{
    struct row {
        const char* learnt;
        const char* event;
        const char* rescued;
    };
    const std::vector<row> table{
        {R"({"a":1})", R"({"a":"x"})", R"({"/a":"x"})"},
        {R"({"a":"x"})", R"({"a":1})", R"({"/a":1})"},
        {R"({"a":1})", R"({"a":99999999999999999999})", R"({"/a":99999999999999999999})"},
        {R"({"a":1})", R"({"a":2.5})", R"({"/a":2.5})"},
        {R"({"a":1.5})", R"({"a":1e400})", R"({"/a":1e400})"},
        {R"({"a":1.5})", R"({"a":0.1234567890123456789})", R"({"/a":0.1234567890123456789})"},
        {R"({"a":1.5})", R"({"a":9007199254740993})", R"({"/a":9007199254740993})"},
        {R"({"a":1})", R"({"a":1,"new":{"k":[1]}})", R"({"/new":{"k":[1]}})"},
        {R"({"a":[1]})", R"({"a":[1,"x",{}]})", R"({"/a/1":"x","/a/2":{}})"},
        {R"({"a":{"b":1}})", R"({"a":{"b":"x"}})", R"({"/a/b":"x"})"},
        {R"({"a":{"b":1}})", R"({"a":[1]})", R"({"/a":[1]})"},
        {R"({"a":1})", R"({"a":1,"a":2})", R"({"/a":2})"},
        {R"({"a":1})", R"({"a/b~\"":{}})", R"({"/a~1b~0\"":{}})"},
        {R"({"a":1})", R"({"_rescued":1,"_sluice_id":2})", R"({"/_rescued":1,"/_sluice_id":2})"},
        {R"({"a":"x"})", R"({"a":"\ud800"})", R"({"/a":"\ud800"})"},
        {R"({"a":1})", R"({"":1})", R"({"/":1})"},
        {R"({"a":1})", R"([1,2])", R"({"":[1,2]})"},
        {R"({"a":1})", R"({"a":1,"b":)", R"({"":"{\"a\":1,\"b\":"})"},
        {R"({"a":1})", R"({"a":null,"b":null})", "null"},
        {R"({"a":1.5})", R"({"a":3})", "null"},
    };
    for (const auto& r : table) EXPECT_EQ(rescued(r.learnt, r.event), r.rescued) << r.event;
}

TEST(RowBuilder, ABrokenEventDoesNotDisturbItsNeighbours)
{
    const std::string good = R"({"l":[{"k":1},{"k":2}],"t":"x"})";
    row_builder builder(schema_of({good}));
    builder.build(group_of({good, R"({"l":[{"k":5},{"k":)", good}));
    const auto& list = column(builder, "l");
    ASSERT_EQ(list.length, 3U);
    EXPECT_EQ(list.offsets[3] - list.offsets[2], 2);
    EXPECT_EQ(list.children[0].children[0].length, list.children[0].length);
    EXPECT_EQ(list.children[0].children[0].integers.back(), 2);
    EXPECT_EQ(text_at(column(builder, "t"), 2), "x");
}

TEST(RowBuilder, AKeyThatLooksLikeItsNeighbourIsNotMistaken)
{
    const std::string odd = R"({"a\":\"b":1,"a":"b"})";
    row_builder builder(schema_of({odd}));
    builder.build(group_of({R"({"a":"b"})", odd}));
    EXPECT_FALSE(is_valid(column(builder, "a\":\"b"), 0));
    EXPECT_EQ(text_at(column(builder, "a"), 0), "b");
    EXPECT_EQ(column(builder, "a\":\"b").integers[1], 1);
}

TEST(RowBuilder, SaysWhenTheSchemaCouldLearn)
{
    row_builder builder(schema_of({R"({"a":1})"}));
    EXPECT_FALSE(builder.build(group_of({R"({"a":2})"})));
    EXPECT_TRUE(builder.build(group_of({R"({"a":2.5})"})));
    EXPECT_TRUE(builder.build(group_of({R"({"b":2})"})));
    EXPECT_FALSE(builder.build(group_of({R"({"a":"text"})"})));
    EXPECT_FALSE(builder.build(group_of({R"({"b":null,"c":{},"d":[]})"})));
}

}  // namespace
}  // namespace sluice::batch
