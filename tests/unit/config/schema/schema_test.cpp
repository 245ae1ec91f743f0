#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "config/schema/declarations.hpp"
#include "config/schema/json_schema.hpp"
#include "config/schema/reference.hpp"
#include "tests/unit/config/bind_text.hpp"

namespace sluice::config {
namespace {

using nlohmann::json;

/// Visits every declared field once with its owner.
void visit_fields(const object_shape& shape, std::set<const object_shape*>& seen,
                  const std::function<void(const object_shape&, const field_shape&)>& visit)
{
    if (!seen.insert(&shape).second) return;
    for (const auto& field : shape.fields) {
        visit(shape, field);
        const value_shape* inner = &field.shape;
        while (inner->element) inner = inner->element.get();
        if (inner->object != nullptr) visit_fields(*inner->object, seen, visit);
    }
}

void for_each_field(const std::function<void(const object_shape&, const field_shape&)>& visit)
{
    std::set<const object_shape*> seen;
    visit_fields(schema_of<settings>(), seen, visit);
}

/// All `$ref` texts below a value.
void collect_references(const json& value, std::set<std::string>& found)
{
    if (value.is_object() && value.contains("$ref") && value["$ref"].is_string()) {
        found.insert(value["$ref"].get<std::string>());
    }
    for (const auto& inner : value) {
        if (inner.is_structured()) collect_references(inner, found);
    }
}

TEST(Declarations, EveryFieldHasHelpAndAUniqueName)
{
    std::size_t count = 0;
    for_each_field([&](const object_shape& owner, const field_shape& field) {
        ++count;
        EXPECT_FALSE(field.help.empty()) << owner.name << '.' << field.name;
        EXPECT_FALSE(field.help.ends_with('.')) << owner.name << '.' << field.name;
        EXPECT_EQ(std::count_if(owner.fields.begin(), owner.fields.end(),
                                [&](const auto& other) { return other.name == field.name; }),
                  1)
            << owner.name << '.' << field.name;
    });
    EXPECT_GT(count, 90u);
}

TEST(Declarations, EveryDefaultIsReadBackAsAValidValue)
{
    std::set<value_kind> tried;
    for_each_field([&](const object_shape& owner, const field_shape& field) {
        if (!owner.defaults || field.address || field.required) return;
        const std::string text = field.print(owner.defaults.get(), field.shape);
        if (text.empty() || text == "{}") return;
        diagnostics problems;
        const bool is_text = field.shape.kind == value_kind::text;
        const auto value =
            read_yaml_text("v: " + (is_text ? '"' + text + '"' : text), "default", problems);
        ASSERT_TRUE(value) << owner.name << '.' << field.name << ": " << text;
        std::shared_ptr<void> copy;
        if (owner.name == "destination")
            copy = std::make_shared<destination_settings>();
        else if (owner.name == "export")
            copy = std::make_shared<export_settings>();
        else if (owner.name == "http_limits")
            copy = std::make_shared<http_limits>();
        else if (owner.name == "store")
            copy = std::make_shared<embedded_settings>();
        else if (owner.name == "retry")
            copy = std::make_shared<retry_settings>();
        else
            return;
        const environment no_variables;
        binding in(no_variables, problems);
        field.read(in, *value->find("v"), field.shape, copy.get());
        EXPECT_EQ(problems.to_text(), "") << owner.name << '.' << field.name;
        EXPECT_EQ(field.print(copy.get(), field.shape), text);
        tried.insert(field.shape.kind);
    });
    EXPECT_GE(tried.size(), 7u);
}

TEST(JsonSchema, IsValidJsonWithoutDanglingReferences)
{
    const json schema = json::parse(config_json_schema());
    EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    std::set<std::string> references;
    collect_references(schema, references);
    EXPECT_GT(references.size(), 15u);
    for (const std::string& reference : references) {
        ASSERT_TRUE(reference.starts_with("#/")) << reference;
        EXPECT_TRUE(schema.contains(json::json_pointer(reference.substr(1)))) << reference;
    }
}

TEST(JsonSchema, KnowsNamesRangesDefaultsAndRequiredKeys)
{
    const json schema = json::parse(config_json_schema());
    const json& sections = schema["else"]["properties"];
    const json& gateway = sections["gateway"]["properties"];
    EXPECT_EQ(gateway["edge"]["properties"]["port"]["default"], 8080);
    EXPECT_EQ(gateway["admin"]["properties"]["port"]["default"], 8081);
    EXPECT_EQ(gateway["edge"]["properties"]["port"]["anyOf"][0]["maximum"], 65535);
    EXPECT_EQ(gateway["store"]["properties"]["fsync"]["default"], "group");
    EXPECT_EQ(gateway["drain_timeout"]["default"], "10s");
    EXPECT_EQ(sections["destinations"]["additionalProperties"]["required"], json::array({"url"}));
    EXPECT_EQ(sections["rules"]["additionalProperties"]["$ref"], "#/$defs/rule_set");
    EXPECT_EQ(schema["else"]["additionalProperties"], false);
}

TEST(Reference, ShowsEveryDeclaredKeyWithItsDefault)
{
    const std::string text = config_reference();
    for_each_field([&](const object_shape& owner, const field_shape& field) {
        const bool is_found = text.find("| `" + field.name + "` |") != std::string::npos ||
                              text.find("# `" + field.name) != std::string::npos ||
                              text.find('.' + field.name) != std::string::npos;
        EXPECT_TRUE(is_found) << owner.name << '.' << field.name;
    });
    EXPECT_THAT(text, testing::HasSubstr("| `port` | a whole number, 0 to 65535 | `8081` |"));
    EXPECT_THAT(text, testing::HasSubstr("| `url` | a text | required |"));
    EXPECT_THAT(text, testing::HasSubstr("### `destinations.NAME.retry`"));
}

}  // namespace
}  // namespace sluice::config
