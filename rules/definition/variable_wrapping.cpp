#include "rules/definition/variable_wrapping.hpp"

#include "rules/definition/literal.hpp"

namespace sluice::rules {
namespace {

/// A JSON scalar or text as a literal of the language.
std::string literal_text(const std::string& json)
{
    return "json.parse(" + json + ")";
}

}  // namespace

std::string wrapping_of(const variable_source& variable)
{
    std::string text = "v";
    if (variable.clean_text) {
        text = "cel.bind(t, " + text +
               ", type(t) == string ? regex.replace(t, '\\\\s+', ' ').trim() : t)";
    }
    if (variable.lower_case) {
        text = "cel.bind(u, " + text + ", type(u) == string ? u.lower() : u)";
    }
    if (variable.fallback_json) {
        std::string quoted;
        append_json_string(quoted, *variable.fallback_json);
        text = "default(" + text + ", " + literal_text(quoted) + ")";
    }
    return text;
}

}  // namespace sluice::rules
