// Fuzz target of the rules language: the input is an expression, a zero byte and a JSON document.
// Whatever the bytes are, parsing, checking, folding and evaluating end within their limits,
// optimised and plain give the same result, and a printed tree parses again.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/printer.hpp"
#include "rules/expression/typed_json.hpp"

namespace expression = sluice::rules::expression;

namespace {

class one_variable final : public expression::variable_source {
public:
    expression::value event;
    expression::value variable(std::uint32_t, expression::evaluation_context&) override
    {
        return event;
    }
};

expression::limits small_limits()
{
    expression::limits bounds;
    bounds.loop_steps_max = 500;
    bounds.cost_units_max = 20'000;
    bounds.value_bytes_max = 1 << 16;
    return bounds;
}

std::string evaluate(std::string_view text, const expression::value& event, bool optimize)
{
    expression::compile_environment environment;
    environment.bounds = small_limits();
    environment.check = false;
    environment.optimize = optimize;
    environment.variables = {{"event", expression::value_kind::any, 0}};
    std::vector<expression::problem> problems;
    const auto program = expression::compile(text, environment, problems);
    if (!program) return "refused";
    sluice::rules::event_arena arena;
    expression::evaluation_context context(arena, environment.bounds);
    one_variable source;
    source.event = event;
    context.variables = &source;
    const auto made = program->evaluate(context);
    // Costs differ between the two forms, so a limit may strike one of them only.
    if (made.is_error())
        return made.error_code() == expression::error_kind::limit_exceeded ? "limit" : "error";
    std::string shown;
    expression::write_typed_json(made, shown);
    return shown;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto zero = input.find('\0');
    const auto text = input.substr(0, zero);
    const auto json =
        zero == std::string_view::npos ? std::string_view("{}") : input.substr(zero + 1);
    sluice::rules::event_arena arena;
    const auto event = expression::read_json(json, arena).value_or(expression::value::null());

    std::vector<expression::problem> problems;
    if (const auto syntax = expression::parse(text, {}, problems)) {
        const auto printed = expression::to_text(*syntax->root);
        // Parentheses that the text did not need count as nesting.
        expression::limits wider;
        wider.nesting_max = 600;
        wider.tree_height_max = 3'000;
        if (!expression::parse(printed, wider, problems)) std::abort();
    }
    const auto plain = evaluate(text, event, false), optimised = evaluate(text, event, true);
    if (plain != optimised && plain != "limit" && optimised != "limit") std::abort();
    return 0;
}
