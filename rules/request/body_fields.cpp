#include "rules/request/body_fields.hpp"

#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

void collect(const value& raw, const std::string& path, event_arena& arena,
             std::vector<body_field>& into)
{
    const auto shown = expression::decode_json(raw, arena);
    if (shown.is(value_kind::map) && !shown.entries().empty()) {
        for (const auto& [key, item] : shown.entries()) {
            const std::string name{key.text()};
            collect(item, path.empty() ? name : path + "." + name, arena, into);
        }
        return;
    }
    if (shown.is(value_kind::list) && !shown.items().empty()) {
        std::size_t i = 0;
        for (const auto& item : shown.items()) {
            collect(item, path + "[" + std::to_string(i++) + "]", arena, into);
        }
        return;
    }
    body_field field{.path = path, .value = {}};
    if (!path.empty() && expression::write_json(shown, field.value))
        into.push_back(std::move(field));
}

}  // namespace

std::vector<body_field> fields_of_body(std::string_view body)
{
    std::vector<body_field> found;
    event_arena arena;
    if (const auto read = expression::read_json(body, arena)) collect(*read, {}, arena, found);
    return found;
}

}  // namespace sluice::rules
