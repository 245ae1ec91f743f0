#include "rules/event/event_view.hpp"

#include <gtest/gtest.h>

#include "rules/event/json_scan.hpp"
#include "rules/expression/printer.hpp"

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

/// Reads paths of an event, `a.b` style.
class EventView : public ::testing::Test {
protected:
    path_set::slot_index add(std::string_view dotted)
    {
        std::vector<std::string_view> names;
        while (!dotted.empty()) {
            const auto dot = dotted.find('.');
            names.push_back(dotted.substr(0, dot));
            dotted = dot == std::string_view::npos ? std::string_view{} : dotted.substr(dot + 1);
        }
        return paths.add(path_root::event, names);
    }

    void fill(std::string_view json)
    {
        paths.freeze();
        slots.assign(paths.slot_count(), value{});
        ranges.assign(paths.slot_count(), json_range{});
        reader.fill(paths, path_root::event, json, slots, ranges, arena);
        text = json;
    }

    [[nodiscard]] std::string_view raw(path_set::slot_index slot) const
    {
        return text.substr(ranges[slot].begin, ranges[slot].end - ranges[slot].begin);
    }

    path_set paths;
    event_arena arena;
    event_reader reader;
    std::vector<value> slots;
    std::vector<json_range> ranges;
    std::string_view text;
};

TEST_F(EventView, FillsScalarsOfEveryKindWithTheirOwnBytes)
{
    const auto i = add("i"), d = add("a.d"), s = add("a.s"), b = add("a.b"), n = add("n"),
               l = add("l");
    fill(
        R"( {"i" : -42 , "a":{"d":1.50,"s":"x","b":true}, "n":null,"l":[1, {"z":2}] , "x":{"i":7}} )");
    EXPECT_EQ(slots[i].as_int(), -42);
    EXPECT_EQ(raw(i), "-42");
    EXPECT_EQ(slots[d].as_double(), 1.5);
    EXPECT_EQ(raw(d), "1.50");
    EXPECT_EQ(slots[s].text(), "x");
    EXPECT_EQ(raw(s), "\"x\"");
    EXPECT_TRUE(slots[b].is_true());
    EXPECT_TRUE(slots[n].is_null());
    ASSERT_TRUE(slots[l].is(value_kind::list));
    EXPECT_EQ(slots[l].text(), R"([1, {"z":2}])");
}

TEST_F(EventView, TellsWhereAPathEnded)
{
    const auto missing = add("a.b.c"), scalar = add("s.x.y"), shallow = add("q");
    const auto of_null = add("n.x"), of_list = add("l.x");
    fill(R"({"a":{"z":1},"s":5,"n":null,"l":[{"x":1}]})");
    EXPECT_TRUE(slots[missing].is_absent_path());
    EXPECT_EQ(slots[missing].absent_steps_found(), 1U);
    EXPECT_FALSE(slots[missing].absent_on_scalar());
    EXPECT_EQ(slots[scalar].absent_steps_found(), 1U);
    EXPECT_TRUE(slots[scalar].absent_on_scalar());
    EXPECT_EQ(slots[shallow].absent_steps_found(), 0U);
    EXPECT_TRUE(slots[of_null].absent_on_scalar());
    EXPECT_TRUE(slots[of_list].absent_on_scalar());
}

TEST_F(EventView, TakesTheFirstOfDuplicateKeys)
{
    const auto a = add("a"), c = add("b.c"), d = add("b.d");
    fill(R"({"a":1,"b":{"c":1,"c":2},"a":2,"b":{"c":3,"d":4}})");
    EXPECT_EQ(slots[a].as_int(), 1);
    EXPECT_EQ(slots[c].as_int(), 1);
    EXPECT_TRUE(slots[d].is_absent());
}

TEST_F(EventView, ResolvesEscapesInKeysAndTexts)
{
    const auto key = add("na\"me"), text_slot = add("t"), unicode = add("u");
    fill(R"({"na\"me":1,"t":"a\nb","\u0075":"\u00e9\ud83d\ude00"})");
    EXPECT_EQ(slots[key].as_int(), 1);
    EXPECT_EQ(slots[text_slot].text(), "a\nb");
    EXPECT_EQ(raw(text_slot), R"("a\nb")");
    EXPECT_EQ(slots[unicode].text(), "é😀");
}

TEST_F(EventView, KeepsTheSpellingOfNumbersThatNothingCanHold)
{
    const auto big = add("big"), huge = add("huge"), u = add("u"), small = add("small");
    fill(
        R"({"big":123456789012345678901234567890,"huge":1e400,"u":18446744073709551615,"small":-9223372036854775808})");
    EXPECT_EQ(slots[big].kind(), value_kind::floating);
    EXPECT_EQ(raw(big), "123456789012345678901234567890");
    EXPECT_TRUE(slots[huge].is_error());
    EXPECT_FALSE(slots[huge].is_absent());
    EXPECT_EQ(raw(huge), "1e400");
    EXPECT_EQ(slots[u].as_uint(), 18446744073709551615ULL);
    EXPECT_EQ(slots[small].as_int(), std::numeric_limits<std::int64_t>::min());
}

TEST_F(EventView, GivesTheWholeEventAndItsParts)
{
    const auto root = add(""), a = add("a"), b = add("a.b");
    fill("  {\"a\":{\"b\":[1,2]},\"c\":3}  \n");
    EXPECT_EQ(slots[root].text(), "{\"a\":{\"b\":[1,2]},\"c\":3}");
    EXPECT_EQ(slots[a].text(), "{\"b\":[1,2]}");
    EXPECT_EQ(slots[b].text(), "[1,2]");
}

TEST_F(EventView, StaysInBoundsWhateverTheTextIs)
{
    const auto a = add("a"), b = add("a.b.c"), root = add("");
    const std::string valid = R"({"a":{"b":{"c":[1,"x\\\"y",{"q":null}]}},"z":[[[]]],"a":1})";
    for (std::size_t cut = 0; cut <= valid.size(); ++cut)
        fill(std::string_view{valid}.substr(0, cut));
    for (const auto* text_shown :
         {"", " ", "{", "}", "[", "\"", "{\"a\"", "{\"a\":", "{\"a\"}", "{:}", "{\"a\":}", "{,,}",
          "]]]]", "{\"a\":{\"b\":{\"c\":", "tru", "{\"a\":-}", "\xff\xfe"}) {
        fill(text_shown);
    }
    fill(valid);
    EXPECT_EQ(slots[b].text(), R"([1,"x\\\"y",{"q":null}])");
    EXPECT_EQ(slots[a].kind(), value_kind::map);
    EXPECT_EQ(slots[root].text(), valid);
}

TEST_F(EventView, WalksDeepNestingWithoutRecursingIntoIt)
{
    const auto after = add("after");
    std::string deep =
        "{\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + ",\"after\":1}";
    fill(deep);
    EXPECT_EQ(slots[after].as_int(), 1);
}

TEST_F(EventView, ReadsManyPathsOfOneObject)
{
    std::string json = "{";
    std::vector<path_set::slot_index> made;
    for (int i = 0; i < 300; ++i) {
        const auto name = "key" + std::to_string(i);
        made.push_back(add(name));
        json += (i == 0 ? "\"" : ",\"") + name + "\":" + std::to_string(i);
    }
    json += "}";
    fill(json);
    for (int i = 0; i < 300; ++i) EXPECT_EQ(slots[made[static_cast<std::size_t>(i)]].as_int(), i);
}

TEST(JsonMembers, GivesKeysAndValuesAsWritten)
{
    json_members walk(R"( { "a" : 1.0 , "b":{"x":"}"},"c":[1,"]"] ,"d":"q\"," } )");
    json_member member;
    std::vector<std::string> got;
    while (walk.next(member))
        got.push_back(std::string{member.key} + "=" + std::string{member.value});
    EXPECT_EQ(got,
              (std::vector<std::string>{"a=1.0", R"(b={"x":"}"})", R"(c=[1,"]"])", R"(d="q\",")"}));
}

TEST(JsonMembers, EndsEarlyOnDamagedText)
{
    for (const auto* text : {"", "{", "[1]", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":\"", "{1:2}"}) {
        json_members walk(text);
        json_member member;
        int count = 0;
        while (walk.next(member)) ++count;
        EXPECT_LE(count, 1) << text;
    }
}

}  // namespace
}  // namespace sluice::rules
