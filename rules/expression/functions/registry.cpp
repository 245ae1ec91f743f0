#include "rules/expression/functions/registry.hpp"

#include <iterator>
#include <unordered_map>

#include "rules/expression/functions/macro_help.hpp"
#include "rules/expression/functions/support.hpp"

namespace sluice::rules::expression {

namespace {

struct registry {
    declarations all;
    std::unordered_map<std::string_view, const function_declaration*> by_name;

    registry()
    {
        for (auto* family :
             {standard_functions, conversion_functions, calendar_functions, string_functions,
              math_functions, list_functions, encoder_functions, regex_functions,
              optional_functions, network_functions, text_functions, hash_functions, url_functions,
              time_functions, object_functions, number_functions}) {
            auto declared = family();
            all.insert(all.end(), std::make_move_iterator(declared.begin()),
                       std::make_move_iterator(declared.end()));
        }
        for (const auto& function : all) by_name.emplace(function.name, &function);
    }
};

const registry& functions()
{
    static const registry made;
    return made;
}

void append_cell(std::string_view text, std::string& into)
{
    for (const char c : text) {
        if (c == '|') into += '\\';
        into += c;
    }
}

}  // namespace

std::span<const function_declaration> all_functions()
{
    return functions().all;
}

const function_declaration* find_function(std::string_view name)
{
    const auto& names = functions().by_name;
    const auto found = names.find(name);
    return found == names.end() ? nullptr : found->second;
}

namespace {

void append_row(const function_declaration& function, std::string& text)
{
    text += "| `";
    append_cell(function.signature, text);
    text += "` | ";
    append_cell(function.help, text);
    text += " | ";
    bool first = true;
    for (const auto& example : function.examples) {
        text += first ? "`" : "; `";
        first = false;
        append_cell(example.expression, text);
        text += "` → `";
        append_cell(example.expected, text);
        text += "`";
    }
    text += " |\n";
}

}  // namespace

std::string function_reference()
{
    std::string text = "# Functions\n";
    std::string_view family;
    for (const auto declared : {all_macros(), all_functions()}) {
        for (const auto& function : declared) {
            if (function.family != family) {
                family = function.family;
                text += "\n## ";
                text += family;
                text += "\n\n| function | meaning | examples |\n| --- | --- | --- |\n";
            }
            append_row(function, text);
        }
    }
    return text;
}

}  // namespace sluice::rules::expression
