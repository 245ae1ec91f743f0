#include "rules/request/body_fields.hpp"

#include <simdjson.h>

namespace sluice::rules {
namespace {

using simdjson::ondemand::json_type;

std::string_view without_blanks(std::string_view token)
{
    const auto last = token.find_last_not_of(" \t\r\n");
    return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Throws simdjson_error; what was collected before it stays.
void collect(simdjson::ondemand::value at, const std::string& path, std::vector<body_field>& into)
{
    switch (at.type()) {
        case json_type::object: {
            auto object = at.get_object();
            if (object.is_empty()) {
                into.push_back({path, "{}"});
                return;
            }
            for (auto member : object) {
                const std::string name{std::string_view(member.unescaped_key().value())};
                collect(member.value(), path.empty() ? name : path + "." + name, into);
            }
            return;
        }
        case json_type::array: {
            auto items = at.get_array();
            std::size_t i = 0;
            for (auto item : items) {
                collect(item.value(), path + "[" + std::to_string(i++) + "]", into);
            }
            if (i == 0) into.push_back({path, "[]"});
            return;
        }
        default:
            into.push_back({path, std::string(without_blanks(at.raw_json_token()))});
    }
}

}  // namespace

std::vector<body_field> fields_of_body(std::string_view body)
{
    std::vector<body_field> found;
    const simdjson::padded_string padded(body);
    simdjson::ondemand::parser parser;
    try {
        auto document = parser.iterate(padded);
        const auto type = document.type().value();
        if (type != json_type::object && type != json_type::array) return found;
        collect(document.get_value(), {}, found);
    } catch (const simdjson::simdjson_error&) {
        // no JSON: the body itself is shown
    }
    std::erase_if(found, [](const body_field& f) { return f.path.empty(); });
    return found;
}

}  // namespace sluice::rules
