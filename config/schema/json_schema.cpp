#include "config/schema/json_schema.hpp"

#include <nlohmann/json.hpp>

#include "config/schema/declarations.hpp"

namespace sluice::config {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* name_pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$";
constexpr const char* duration_pattern = "^(0|([0-9]+(\\.[0-9]+)?(d|h|ms|m|s))+)$";
constexpr const char* bytes_pattern = "^[0-9]+(\\.[0-9]+)? ?([KkMmGgTt][Ii]?)?[Bb]?$";

json describe_object(const object_shape& shape, const void* defaults);

/// Numbers and booleans may also come from a reference.
json or_reference(json schema)
{
    return {{"anyOf", json::array({std::move(schema), {{"$ref", "#/$defs/reference"}}})}};
}

json with_bounds(json schema, const value_shape& shape)
{
    const auto put = [&](const char* key, double bound) {
        if (shape.kind == value_kind::integer || shape.kind == value_kind::bytes) {
            schema[key] = static_cast<std::uint64_t>(bound);
        } else {
            schema[key] = bound;
        }
    };
    if (shape.min) put("minimum", *shape.min);
    if (shape.max) put("maximum", *shape.max);
    return schema;
}

json describe_value(const value_shape& shape, const void* defaults)
{
    switch (shape.kind) {
        case value_kind::boolean:
            return or_reference({{"type", "boolean"}});
        case value_kind::integer:
            return or_reference(with_bounds({{"type", "integer"}, {"minimum", 0}}, shape));
        case value_kind::number:
            return or_reference(with_bounds({{"type", "number"}}, shape));
        case value_kind::duration:
            return or_reference(
                {{"anyOf", json::array({{{"type", "string"}, {"pattern", duration_pattern}},
                                        {{"const", 0}}})}});
        case value_kind::bytes:
            return or_reference(
                {{"anyOf", json::array({with_bounds({{"type", "integer"}, {"minimum", 0}}, shape),
                                        {{"type", "string"}, {"pattern", bytes_pattern}}})}});
        case value_kind::choice: {
            json names = json::array();
            for (const auto name : shape.names) names.push_back(name);
            return or_reference({{"enum", std::move(names)}});
        }
        case value_kind::list:
            return {{"type", json::array({"array", "null"})},
                    {"items", describe_value(*shape.element, nullptr)}};
        case value_kind::map: {
            json schema{{"type", json::array({"object", "null"})},
                        {"additionalProperties", describe_value(*shape.element, nullptr)}};
            if (shape.element->kind == value_kind::object) {
                schema["propertyNames"] = {{"pattern", name_pattern}};
            }
            return schema;
        }
        case value_kind::object:
            return describe_object(*shape.object, defaults);
        case value_kind::rules:
            return {{"type", json::array({"object", "null"})},
                    {"propertyNames", {{"pattern", name_pattern}}},
                    {"additionalProperties", {{"$ref", "#/$defs/rule_set"}}}};
        case value_kind::reserved:
            return {{"type", json::array({"object", "null"})}, {"maxProperties", 0}};
        case value_kind::text:
        case value_kind::secret:
            break;
    }
    return {{"type", "string"}};
}

std::string description_of(const field_shape& field)
{
    std::string text = field.help;
    const std::string range = describe_range(field.shape);
    if (!range.empty()) text += " (" + range + ")";
    return text;
}

/// Defaults of numbers and booleans keep their type; all others are given as they are written in
/// YAML.
json default_value(const value_shape& shape, const std::string& text)
{
    switch (shape.kind) {
        case value_kind::boolean:
        case value_kind::integer:
        case value_kind::number:
            return json::parse(text);
        default:
            return text;
    }
}

json describe_object(const object_shape& shape, const void* defaults)
{
    if (defaults == nullptr) defaults = shape.defaults.get();
    json properties = json::object();
    json required = json::array();
    for (const auto& field : shape.fields) {
        const void* inner = field.address ? field.address(defaults) : nullptr;
        json property{{"description", description_of(field)}};
        property.update(describe_value(field.shape, inner));
        const bool is_container =
            field.shape.kind == value_kind::list || field.shape.kind == value_kind::map ||
            field.shape.kind == value_kind::object || field.shape.kind == value_kind::rules ||
            field.shape.kind == value_kind::reserved;
        const std::string text = is_container ? "" : field.print(defaults, field.shape);
        if (!text.empty()) property["default"] = default_value(field.shape, text);
        if (!field.example.empty()) property["examples"] = json::array({field.example});
        properties[field.name] = std::move(property);
        if (field.required) required.push_back(field.name);
    }
    json schema{{"type", json::array({"object", "null"})},
                {"additionalProperties", false},
                {"properties", std::move(properties)}};
    if (!required.empty()) {
        schema["type"] = "object";
        schema["required"] = std::move(required);
    }
    return schema;
}

}  // namespace

std::string config_json_schema()
{
    json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "Sluice configuration"},
                {"description", "One of the YAML files that 'sluice run' reads, as JSON"}};
    schema.update(describe_object(schema_of<settings>(), nullptr));
    // a file may also be a rule library, which rule sets include
    json library = {{"required", json::array({"library"})}};
    json file = {{"if", library}, {"then", {{"$ref", "#/$defs/library"}}}};
    json sections = json::object();
    for (const char* key : {"type", "additionalProperties", "properties"}) {
        sections[key] = std::move(schema[key]);
        schema.erase(key);
    }
    schema.update(file);
    schema["else"] = std::move(sections);
    json definitions = json::parse(rule_set_definitions());
    definitions["reference"] = {{"type", "string"}, {"pattern", "\\$\\{(env|file):[^}]+\\}"}};
    schema["$defs"] = std::move(definitions);
    return schema.dump(2) + '\n';
}

}  // namespace sluice::config
