#pragma once
// An expression evaluated in each of the four ways the product can: optimised or plainly, with the
// event as a decoded tree (`eval`) or through the slots that one pass over its JSON fills (rule
// sets). All four must agree. Used by unit tests and fuzz targets; one thread.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "rules/event/event_view.hpp"
#include "rules/expression/expression.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/typed_json.hpp"

namespace sluice::rules::testing {

namespace expression = sluice::rules::expression;

/// One way to evaluate.
struct evaluation_way {
    bool optimize = true;
    bool slots = true;  ///< else the event is a tree of values
    bool check = false;
};

inline constexpr std::array<evaluation_way, 4> all_ways{
    {{true, true}, {false, true}, {true, false}, {false, false}}};

/// What an evaluation gave: typed JSON, "refused" (by parser or checker), or "error: kind".
struct evaluation_answer {
    std::string text;
    bool is_error = false;
    bool is_refused = false;
    bool is_limit = false;  ///< costs differ between the ways, so a limit may strike some only
    std::size_t arena_bytes = 0;
    std::uint32_t loop_steps = 0;
    friend bool operator==(const evaluation_answer& a, const evaluation_answer& b)
    {
        return a.text == b.text;
    }
};

class slot_names final : public expression::path_resolver {
public:
    path_set paths;
    bool roots_are_members = false;
    std::optional<expression::resolved_path> resolve(
        std::string_view root, std::span<const expression::path_step> steps) override
    {
        std::vector<std::string_view> names;
        if (roots_are_members) names.push_back(root);
        for (const auto& step : steps) names.emplace_back(step.name);
        return expression::resolved_path{.slot = paths.add(path_root::event, names)};
    }
};

class event_variable final : public expression::variable_source {
public:
    expression::value event;
    expression::value variable(std::uint32_t, expression::evaluation_context&) override
    {
        return event;
    }
};

/// `event_json` must be valid JSON. With `members`, these members of the event are the variables,
/// read through slots; without, `event` is the only one.
inline evaluation_answer evaluate_event(std::string_view text, std::string_view event_json,
                                        evaluation_way way, const expression::limits& bounds = {},
                                        wall_time now = {},
                                        const std::vector<std::string>& members = {})
{
    expression::compile_environment environment;
    slot_names names;
    environment.bounds = bounds;
    environment.check = way.check;
    environment.lint = way.check;  // refuses constant calls that always fail
    environment.optimize = way.optimize;
    environment.variables = {{.name = "event", .index = 0, .is_path_root = way.slots}};
    if (!members.empty()) environment.variables.clear();
    for (const auto& member : members) {
        environment.variables.push_back({.name = member, .is_path_root = true});
    }
    names.roots_are_members = !members.empty();
    if (way.slots) environment.paths = &names;
    std::vector<expression::problem> problems;
    const auto program = expression::compile(text, environment, problems);
    if (!program) return {.text = "refused", .is_error = true, .is_refused = true};

    event_arena event_memory, memory;
    std::vector<expression::value> slots(names.paths.slot_count());
    event_variable source;
    if (way.slots) {
        names.paths.freeze();
        std::vector<json_range> ranges(slots.size());
        event_reader reader;
        reader.fill(names.paths, path_root::event, event_json, slots, ranges, event_memory);
    } else {
        source.event =
            expression::read_json(event_json, event_memory).value_or(expression::value::null());
    }
    expression::evaluation_context context(memory, environment.bounds);
    context.slots = slots;
    context.variables = &source;
    context.now = now;
    context.rule = "eval";
    const auto made = program->evaluate(context);
    evaluation_answer answer;
    answer.arena_bytes = memory.bytes_used();
    answer.loop_steps = context.loop_steps;
    if (made.is_error()) {
        answer.is_error = true;
        answer.is_limit = made.error_code() == expression::error_kind::limit_exceeded;
        answer.text = "error: " + std::to_string(static_cast<int>(made.error_code())) +
                      (made.is_absent() ? " absent" : "");
        static_cast<void>(program->describe(made));
    } else if (made.is_none()) {
        answer.text = "none";
    } else {
        expression::write_typed_json(made, answer.text);
    }
    return answer;
}

}  // namespace sluice::rules::testing
