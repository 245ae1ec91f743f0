#include "config/settings.hpp"

#include <filesystem>

#include "config/schema/declarations.hpp"

namespace sluice::config {
namespace {

/// The section whose keys live in two members of `settings`.
field_shape gateway_field()
{
    field_shape field;
    field.name = "gateway";
    field.help = "The process itself: listeners, threads, data folder, limits";
    field.shape.kind = value_kind::object;
    field.shape.object = &gateway_section();
    field.read = [](binding& in, const node& value, const value_shape& shape, void* object) {
        in.read_object(value, *shape.object, object);
    };
    field.print = [](const void*, const value_shape&) { return std::string(); };
    field.address = [](const void* object) { return object; };
    return field;
}

void read_rules(binding& in, const node& value, const value_shape& shape, void* object)
{
    if (!in.expect_map(value, shape)) return;
    auto& rules = static_cast<settings*>(object)->rules;
    for (const auto& [key, body] : value.members) {
        in.check_name(key);
        if (!body.is_map()) {
            const binding::step inside(in, key.text);
            in.error(body.where, "has to be a rule set: a map with 'source' and 'rules'");
            continue;
        }
        rule_source source{key.text, body, "."};
        if (key.where.file) {
            const auto folder = std::filesystem::path(*key.where.file).parent_path().string();
            if (!folder.empty()) source.folder = folder;
        }
        rules.emplace(key.text, std::move(source));
    }
}

field_shape rules_field()
{
    field_shape field;
    field.name = "rules";
    field.help = "Rule sets: which events go where, and as what request";
    field.shape.kind = value_kind::rules;
    field.read = read_rules;
    field.print = [](const void*, const value_shape&) { return std::string("{}"); };
    return field;
}

field_shape actions_field()
{
    field_shape field;
    field.name = "actions";
    field.help = "Custom actions of journeys; reserved, has to be empty in this version";
    field.shape.kind = value_kind::reserved;
    field.read = [](binding& in, const node& value, const value_shape&, void*) {
        if (value.is_null() || (value.is_map() && value.members.empty())) return;
        in.error(value.where, "are not available in this version",
                 "send with rules to 'destinations' instead and remove this section");
    };
    field.print = [](const void*, const value_shape&) { return std::string("{}"); };
    return field;
}

}  // namespace

template <>
const object_shape& schema_of<settings>()
{
    static const object_shape shape =
        object_schema<settings>("")
            .custom_field(gateway_field())
            .field("datastreams", &settings::datastreams,
                   {.help = "Who may post events, and into which dataset"})
            .field("datasets", &settings::datasets, {.help = "Event logs"})
            .field("destinations", &settings::destinations, {.help = "REST receivers"})
            .custom_field(actions_field())
            .custom_field(rules_field())
            .field("exports", &settings::exports,
                   {.help = "Scheduled incremental files of a dataset"})
            .build();
    return shape;
}

}  // namespace sluice::config
