// The examples of all function declarations are tests; so are the examples of the reference that
// need more.

#include <gtest/gtest.h>

#include <chrono>

#include "rules/expression/functions/registry.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/printer.hpp"
#include "rules/expression/typed_json.hpp"

namespace sluice::rules::expression {
namespace {

eval_line_settings at_noon(bool optimize)
{
    eval_line_settings settings;
    settings.now = wall_time(std::chrono::seconds(1740830402));
    settings.typed = true;
    settings.optimize = optimize;
    return settings;
}

std::string evaluated(std::string_view expression, bool optimize)
{
    std::string line = "{\"expr\":";
    event_arena arena;
    std::string quoted = "\"";
    for (const char c : expression) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return evaluate_line(line + quoted + "\"}", at_noon(optimize));
}

TEST(Functions, EveryExampleGivesWhatItsDeclarationSays)
{
    for (const auto& function : all_functions()) {
        EXPECT_FALSE(function.examples.empty()) << function.name << " has no example";
        EXPECT_FALSE(function.help.empty()) << function.name << " has no help";
        for (const auto& example : function.examples) {
            for (const bool optimize : {true, false}) {
                const auto made = evaluated(example.expression, optimize);
                if (example.expected == "error") {
                    EXPECT_TRUE(made.starts_with("{\"error\""))
                        << example.expression << " gave " << made;
                } else {
                    EXPECT_EQ(made, evaluated(example.expected, optimize)) << example.expression;
                    EXPECT_TRUE(made.starts_with("{\"value\""))
                        << example.expression << " gave " << made;
                }
            }
        }
    }
}

TEST(Functions, TheReferenceNamesEachOfThem)
{
    const auto text = function_reference();
    for (const auto& function : all_functions()) {
        EXPECT_NE(text.find("`" + std::string(function.signature.substr(0, 4))), std::string::npos)
            << function.name;
    }
}

TEST(Functions, UuidsRepeatForTheSameEventRuleAndCall)
{
    compile_environment environment;
    std::vector<problem> problems;
    const auto program = compile("[1, 2].map(x, uuid.v4())", environment, problems);
    ASSERT_TRUE(program);
    event_arena arena;
    evaluation_context context(arena, environment.bounds);
    context.seed = 1;
    context.event_id = "evt-1";
    context.rule = "purchases/crm";
    const auto ids = program->evaluate(context);
    ASSERT_TRUE(ids.is(value_kind::list));
    EXPECT_EQ(ids.items()[0].text(), "640d32e4-9734-40c4-9476-ad5d9fb95edc");
    EXPECT_EQ(ids.items()[1].text(), "eebb208e-165a-4d43-9304-a6a134590224");
}

}  // namespace
}  // namespace sluice::rules::expression
