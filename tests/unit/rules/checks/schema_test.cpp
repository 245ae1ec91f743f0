// JSON Schemas type `event` for the checker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "config/yaml/yaml_reader.hpp"
#include "rules/event/event_schema.hpp"
#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* order_schema = R"({
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"required": ["id", "order"],
	"properties": {
		"id": {"type": "string"},
		"note": {"type": ["string", "null"]},
		"status": {"enum": ["open", "paid", "shipped"]},
		"kind": {"const": "order"},
		"tags": {"type": "object", "additionalProperties": {"type": "string"}},
		"free": {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": true},
		"closed": {"type": "object", "properties": {"a": {}}, "additionalProperties": false},
		"gone": false,
		"any": true,
		"order": {
			"type": "object",
			"required": ["total"],
			"properties": {
				"total": {"type": "number"},
				"count": {"type": "integer"},
				"currency": {"type": "string", "nullable": true},
				"items": {"type": "array", "items": {"$ref": "#/$defs/item"}}
			}
		},
		"who": {"anyOf": [{"$ref": "#/$defs/person"}, {"type": "string"}]},
		"base": {"allOf": [{"$ref": "#/$defs/person"}, {"properties": {"age": {"type": "integer"}}, "required": ["name"]}]},
		"tree": {"$ref": "#/$defs/tree"}
	},
	"$defs": {
		"item": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}, "qty": {"type": "integer"}}},
		"person": {"type": "object", "properties": {"name": {"type": "string"}, "mail": {"type": "string"}}},
		"tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}, "value": {"type": "number"}}}
	}
})";

std::string write_schema(const std::string& text, const std::string& name = "sluice_schema.json")
{
    std::ofstream(::testing::TempDir() + name) << text;
    return name;
}

std::string checked(const std::string& set, const std::string& schema = order_schema)
{
    const auto name = write_schema(schema);
    auto yaml = set;
    const std::string source = "    source: web_events\n";
    yaml.insert(yaml.find(source) + source.size(), "    schema: " + name + "\n");
    engine e(yaml, ::testing::TempDir());
    return e.problems.to_text();
}

std::string of_condition(const std::string& condition)
{
    return checked(one_rule("        when: >\n          " + condition + "\n        to: crm\n"));
}

struct refused {
    const char* condition;
    int column;
    const char* message;
    const char* hint;
};

class SchemaRefuses : public ::testing::TestWithParam<refused> {};

TEST_P(SchemaRefuses, AtTheStepThatIsWrong)
{
    const auto& r = GetParam();
    const auto text = of_condition(r.condition);
    EXPECT_THAT(
        text, HasSubstr("rules.yaml:8:" + std::to_string(10 + r.column) + ": error: " + r.message));
    EXPECT_THAT(text, HasSubstr(r.hint));
}

INSTANTIATE_TEST_SUITE_P(
    Paths, SchemaRefuses,
    ::testing::Values(
        refused{"event.ordr.total > 1", 7, "the schema has no field 'ordr' in event",
                "did you mean 'order'?"},
        refused{"event.order.totl > 1", 13, "the schema has no field 'totl' in event.order",
                "did you mean 'total'?"},
        refused{"has(event.order.curency)", 17, "the schema has no field 'curency'",
                "did you mean 'currency'?"},
        refused{"event.order.?totl == optional.none()", 14, "the schema has no field 'totl'", ""},
        refused{"event.order['totl'] > 1", 13, "the schema has no field 'totl'", ""},
        refused{"event.zzzzzz == 1", 7, "the schema has no field 'zzzzzz'",
                "add it to the schema, or write additionalProperties: true"},
        refused{"event.closed.b == 1", 14, "the schema has no field 'b'", ""},
        refused{"event.gone == 1", 7, "the schema has no field 'gone'", ""},
        refused{"event.order.total.x == 1", 19,
                "event.order.total is number by the schema, it has no field 'x'", ""},
        refused{"event.order.items.exists(i, i.skuu == 'x')", 31,
                "the schema has no field 'skuu' in i", "did you mean 'sku'?"},
        refused{"event.order.items[0].skuu == 'x'", 22, "the schema has no field 'skuu'",
                "did you mean 'sku'?"},
        refused{"default(event.order.items, []).filter(i, i.qty > 1).all(x, x.kty > 1)", 62,
                "the schema has no field 'kty' in x", "did you mean 'qty'?"},
        refused{"event.base.agee == 1", 12, "the schema has no field 'agee'",
                "did you mean 'age'?"},
        refused{"event.tree.left.left.valu == 1", 22, "the schema has no field 'valu'",
                "did you mean 'value'?"}));

INSTANTIATE_TEST_SUITE_P(
    Types, SchemaRefuses,
    ::testing::Values(
        refused{"event.order.total == 'x'", 19, "number and string are never equal", ""},
        refused{"event.order.count < 'x'", 19, "int and string have no order", ""},
        refused{"event.id > 5", 10, "string and int have no order", ""},
        refused{"event.order.total in ['a', 'b']", 23, "number and string are never equal", ""},
        refused{"event.order.total.startsWith('x')", 19, "'startsWith' does not work on (number",
                "usage: s.startsWith(t)"},
        refused{"event.order.items.startsWith('x')", 19, "'startsWith' does not work on (list", ""},
        refused{"event.id && true", 7, "an operand of '&&' must be bool, not string", ""},
        refused{"event.id", 7, "the expression gives string, but bool is needed", ""},
        refused{"event.id - 1 == 2", 10, "'-' does not work on string and int", ""},
        refused{"math.round(event.order.count) > 1.0", 6, "'math.round' does not work on (int)",
                ""},
        refused{"event.status == 'shiped'", 17, "event.status is never 'shiped' by the schema",
                "did you mean 'shipped'?"},
        refused{"event.status in ['open', 'payd']", 26, "event.status is never 'payd'",
                "did you mean 'paid'?"},
        refused{"event.kind != 'oder'", 15, "event.kind is never 'oder'", "did you mean 'order'?"},
        refused{"event.id.all(x, true)", 10, "'all' does not work on string", ""}));

TEST(Schema, AcceptsWhatMayBe)
{
    for (const auto* condition :
         {"event.order.total > 1", "event.order.total % 2 == 1", "event.order.total == 1",
          "event.note == null", "event.note.startsWith('x')", "event.order.currency == 'EUR'",
          "event.order.currency == null", "event.tags.whatever == 'x'", "event.free.other == 'x'",
          "event.any.thing[0].goes == 1", "event.who.name == 'x'", "event.who == 'x'",
          "event.base.mail == 'x' && event.base.age > 3", "event.status == 'paid'",
          "event.tree.left.left.left.value > 1.5", "default(event.order.count, 'none') == 'none'",
          "event.order.items[0].qty > 1", "event.order.items.exists(i, i.sku == 'x')",
          "math.round(event.order.total) > 1.0"}) {
        EXPECT_THAT(of_condition(condition), Not(HasSubstr("error: "))) << condition;
    }
    EXPECT_THAT(of_condition("event.tags.whatever == 1"),
                HasSubstr("string and int are never equal"));
}

TEST(Schema, RequiredFieldsAreNeverAbsentForTheLint)
{
    EXPECT_THAT(of_condition("event.order.total != 5 && event.id != 'x'"), IsEmpty());
    EXPECT_THAT(of_condition("event.order.count != 5"), HasSubstr("'event.order.count' is absent"));
    EXPECT_THAT(of_condition("event.order.items.exists(i, i.sku != 'x')"), IsEmpty());
    EXPECT_THAT(of_condition("event.order.items.exists(i, i.qty != 1)"),
                HasSubstr("'i.qty' is absent"));
}

TEST(Schema, ReachesThroughVariablesIntoMappings)
{
    const auto text = checked(
        "rules:\n  s:\n    source: web_events\n    variables:\n"
        "      - {name: items, expression: \"default(event.order.items, [])\"}\n    rules:\n"
        "      - name: r\n        to: crm\n        request:\n          path: /x/{{ event.idd }}\n"
        "          body: {map: {l: \"variables.items.map(i, i.kty)\", t: event.order.totall}}\n");
    EXPECT_THAT(text, HasSubstr("no field 'kty' in i"));
    EXPECT_THAT(text, HasSubstr("no field 'idd' in event"));
    EXPECT_THAT(text, HasSubstr("no field 'totall' in event.order"));
}

TEST(Schema, OfADatasetHoldsForItsRuleSets)
{
    auto names = test_names();
    names.schemas["web_events"] = {::testing::TempDir() + write_schema(order_schema), {}};
    config::diagnostics problems;
    const auto sources = sources_of(rule_when("event.ordr == 1"), problems);
    EXPECT_EQ(compile_rule_sets(read_rule_sets(sources, problems), names, problems), nullptr);
    EXPECT_THAT(problems.to_text(), HasSubstr("no field 'ordr'"));
}

TEST(Schema, NeverChangesWhatAnEventThatBreaksItGives)
{
    const auto name = write_schema(order_schema);
    const auto yaml =
        "rules:\n  s:\n    source: web_events\n    schema: " + name +
        "\n    rules: [{name: r, when: event.order.total > 1 && event.id != 'x', to: crm}]\n";
    engine e(yaml, ::testing::TempDir());
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    EXPECT_THAT(e.decide(R"({"id":1,"order":{"total":"many"}})"), IsEmpty());
    EXPECT_THAT(e.decide(R"({"id":1,"order":{"total":7}})"), ::testing::ElementsAre("r"));
    EXPECT_THAT(e.decide(R"([])"), IsEmpty());
}

struct broken {
    const char* schema;
    const char* message;
};

class BrokenSchema : public ::testing::TestWithParam<broken> {};

TEST_P(BrokenSchema, IsToldAtItsPlace)
{
    const auto text = checked(rule_when("event.a == 1"), GetParam().schema);
    EXPECT_THAT(text, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenSchema,
    ::testing::Values(
        broken{"{\n  \"type\": \"objekt\"\n}",
               "sluice_schema.json:2:11: error: 'objekt' is no type"},
        broken{"{\"type\": \"objekt\"}", "did you mean 'object'?"},
        broken{"{\"type\": \"objekt\"}", "rules.yaml:4:13: error: the schema"},
        broken{"{\"properties\": []}", "`properties` must map names to schemas"},
        broken{"{\"properties\": {\"a\": 5}}", "a schema must be an object, true or false"},
        broken{"{\"properties\": {\"a\": {\"$ref\": \"#/$defs/x\"}}, \"$defs\": {\"y\": {}}}",
               "`$ref` names '#/$defs/x', which is not there"},
        broken{"{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"$ref\": \"#/$defs/b\"}, \"b\": "
               "{\"$ref\": "
               "\"#/$defs/a\"}}}",
               "leads back to itself"},
        broken{"{\"allOf\": {}}", "`allOf` must be a list of schemas"},
        broken{"{\"propertys\": {}}", "warning: 'propertys' is no keyword of JSON Schema"},
        broken{"{\"propertys\": {}}", "did you mean 'properties'?"},
        broken{"{\"properties\": {\"a\": {\"$ref\": \"http://x/y\"}}}",
               "warning: only references within the file"},
        broken{"{\"type\": ", "error: "}));

TEST(Schema, AFileThatIsNotThereIsToldWhereItIsNamed)
{
    engine e(
        "rules:\n  s:\n    source: web_events\n    schema: nowhere.json\n    rules: [{name: r, to: "
        "crm}]\n");
    EXPECT_THAT(e.problems.to_text(),
                HasSubstr("rules.yaml:4:13: error: the schema 'nowhere.json' can't be read"));
}

}  // namespace
}  // namespace sluice::rules::testing
