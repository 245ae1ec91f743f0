// evaluate_line() of typed_json.hpp: one request of `eval --jsonl` from text to text.
#include "rules/expression/compare.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/printer.hpp"
#include "rules/expression/typed_json.hpp"

namespace sluice::rules::expression {

namespace {

class bound_values final : public variable_source {
public:
    std::vector<value> values;
    value variable(std::uint32_t index, evaluation_context&) override
    {
        if (index < values.size() && !values[index].is(value_kind::any)) return values[index];
        return value::error(error_kind::unknown_variable, "the variable has no value");
    }
};

std::string answer(std::string_view member, std::string_view text)
{
    std::string line = "{\"";
    line += member;
    line += "\":";
    write_json_string(text, line);
    return line + "}";
}

// {"primitive":"INT64"}, {"wellKnown":"TIMESTAMP"}, {"listType":…}: what the checker can use of a
// type.
value_kind declared_type(const value& type)
{
    if (!type.is(value_kind::map) || type.entries().empty()) return value_kind::any;
    const auto name = type.entries()[0].key.text();
    if (name == "listType") return value_kind::list;
    if (name == "mapType") return value_kind::map;
    if (name == "null") return value_kind::null;
    const auto& inner = type.entries()[0].item;
    if (!inner.is(value_kind::string)) return value_kind::any;
    static constexpr std::pair<std::string_view, value_kind> names[] = {
        {"BOOL", value_kind::boolean},
        {"INT64", value_kind::integer},
        {"UINT64", value_kind::unsigned_integer},
        {"DOUBLE", value_kind::floating},
        {"STRING", value_kind::string},
        {"BYTES", value_kind::bytes},
        {"TIMESTAMP", value_kind::timestamp},
        {"DURATION", value_kind::duration}};
    for (const auto& [word, kind] : names) {
        if (inner.text() == word) return kind;
    }
    return value_kind::any;
}

void declare_types(const value& list, compile_environment& environment)
{
    if (!list.is(value_kind::list)) return;
    for (const auto& entry : list.items()) {
        if (!entry.is(value_kind::map)) continue;
        const auto* name = find_field(entry, "name");
        const auto* ident = find_field(entry, "ident");
        if (name == nullptr || !name->is(value_kind::string) || ident == nullptr) continue;
        const auto* type = ident->is(value_kind::map) ? find_field(*ident, "type") : nullptr;
        environment.variables.push_back({std::string(name->text()),
                                         type != nullptr ? declared_type(*type) : value_kind::any,
                                         static_cast<std::uint32_t>(environment.variables.size())});
    }
}

// Bindings need no declaration; those declared keep their type. False when one cannot be read.
bool bind(const value& bindings, bool typed, event_arena& arena, compile_environment& environment,
          bound_values& bound)
{
    for (const auto& entry : bindings.entries()) {
        auto made = typed ? read_typed_json(entry.item, arena) : std::optional(entry.item);
        if (!made) return false;
        std::uint32_t index = 0;
        while (index < environment.variables.size() &&
               environment.variables[index].name != entry.key.text())
            ++index;
        if (index == environment.variables.size()) {
            environment.variables.push_back(
                {std::string(entry.key.text()), value_kind::any, index});
        }
        bound.values.resize(environment.variables.size());
        bound.values[index] = *made;
    }
    return true;
}

std::string problem_text(std::string_view expression, const problem& found)
{
    const auto place = place_of(expression, found.position);
    auto text =
        std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + found.message;
    if (!found.hint.empty()) text += " (" + found.hint + ")";
    return text;
}

std::string event_id(const bound_values& bound, const compile_environment& environment)
{
    for (std::size_t i = 0; i < bound.values.size(); ++i) {
        if (environment.variables[i].name != "event" || !bound.values[i].is(value_kind::map))
            continue;
        for (const auto name : {"_id", "id"}) {
            const auto* id = find_field(bound.values[i], name);
            if (id != nullptr && id->is(value_kind::string)) return std::string(id->text());
        }
    }
    return {};
}

std::string run(const compiled_expression& program, evaluation_context& context, bool typed,
                std::vector<problem>* told)
{
    const auto made = program.evaluate(context);
    if (made.is_error()) {
        if (told != nullptr) told->push_back({made.error_position(), program.describe(made), ""});
        const auto place = place_of(program.text(), made.error_position());
        return answer("error", std::to_string(place.line) + ":" + std::to_string(place.column) +
                                   ": " + program.describe(made));
    }
    if (typed && made.is_none()) return answer("error", "optional.none");
    std::string line = "{\"value\":";
    const char* why = nullptr;
    if (typed) {
        write_typed_json(made, line);
    } else if (!write_json(made, line, &why)) {
        return answer("error", why);
    }
    return line + "}";
}

}  // namespace

std::string evaluate_line(std::string_view line, const eval_line_settings& settings,
                          std::vector<problem>* told)
{
    event_arena arena;
    const auto request = read_json(line, arena);
    const auto* text =
        request && request->is(value_kind::map) ? find_field(*request, "expr") : nullptr;
    if (text == nullptr || !text->is(value_kind::string)) {
        return answer("error", "a line must be an object with the member 'expr'");
    }
    compile_environment environment;
    environment.bounds = settings.bounds;
    environment.optimize = settings.optimize;
    if (const auto* off = find_field(*request, "disableCheck")) environment.check = !off->is_true();
    if (const auto* container = find_field(*request, "container");
        container != nullptr && container->is(value_kind::string)) {
        environment.container = container->text();
    }
    if (const auto* types = find_field(*request, "typeEnv")) declare_types(*types, environment);
    bound_values bound;
    const auto* bindings = find_field(*request, "bindings");
    if (bindings != nullptr && (!bindings->is(value_kind::map) ||
                                !bind(*bindings, settings.typed, arena, environment, bound))) {
        return answer("error", "a binding cannot be read");
    }
    std::vector<problem> problems;
    const auto program = compile(text->text(), environment, problems);
    if (told != nullptr) *told = problems;
    if (!program) return answer("error", problem_text(text->text(), problems.front()));
    evaluation_context context(arena, environment.bounds);
    context.variables = &bound;
    context.now = settings.now;
    context.seed = settings.seed;
    const auto id = event_id(bound, environment);
    context.event_id = id;
    context.rule = "eval";
    return run(*program, context, settings.typed, told);
}

}  // namespace sluice::rules::expression
