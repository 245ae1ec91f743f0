// The examples of all function declarations are tests; so are the examples of the reference that
// need more.

#include <gtest/gtest.h>

#include <chrono>

#include "rules/expression/functions/macro_help.hpp"
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

void examples_hold(const function_declaration& function)
{
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

TEST(Functions, EveryExampleGivesWhatItsDeclarationSays)
{
    for (const auto& function : all_functions()) examples_hold(function);
    for (const auto& macro : all_macros()) examples_hold(macro);
}

TEST(Functions, TheReferenceNamesEachOfThem)
{
    const auto text = function_reference();
    for (const auto declared : {all_functions(), all_macros()}) {
        for (const auto& function : declared) {
            EXPECT_NE(text.find("| `" + std::string(function.signature)), std::string::npos)
                << function.name;
        }
    }
}

// The names of rules-language.md and mapping-functions.md: a function that gets lost fails here.
TEST(Functions, NoneOfTheReferenceIsMissing)
{
    constexpr std::string_view names =
        "size contains startsWith endsWith matches bool int uint double string bytes timestamp "
        "duration getFullYear getMonth getDate getDayOfMonth getDayOfYear getDayOfWeek getHours "
        "getMinutes getSeconds getMilliseconds type dyn charAt indexOf lastIndexOf substring "
        "replace split join trim lowerAscii upperAscii reverse strings.quote format math.greatest "
        "math.least math.ceil math.floor math.round math.trunc math.abs math.sign math.isNaN "
        "math.isInf math.isFinite math.sqrt math.bitAnd math.bitOr math.bitXor math.bitNot "
        "math.bitShiftLeft math.bitShiftRight slice flatten distinct lists.range first last sort "
        "sets.contains sets.equivalent sets.intersects base64.encode base64.decode regex.replace "
        "regex.extract regex.extractAll ip cidr isIP isCIDR ip.isCanonical family isLoopback "
        "isUnspecified isGlobalUnicast isLinkLocalUnicast isLinkLocalMulticast containsIP "
        "containsCIDR prefixLength masked isMask optional.of optional.none "
        "optional.ofNonZeroValue hasValue value or orValue optional.unwrap unwrapOpt lower upper "
        "equalsIgnoreCase splitAny padLeft padRight trimLeft trimRight joinAny regex.split "
        "regex.groups hash.sha256 hash.sha1 hash.sha512 hash.md5 hash.crc32 hash.crc32Int "
        "hash.email hash.phone url.protocol url.host url.port url.path url.query url.encode "
        "url.decode time.now time.nowMillis time.format time.formatMillis time.parse time.part "
        "time.with time.of time.inZone kv.parse kv.get maps.union min max number.bigint "
        "number.round number.format number.parse sum avg json.parse json.serialize uuid.v4 ";
    std::size_t at = 0, count = 0;
    for (auto end = names.find(' '); end != std::string_view::npos; end = names.find(' ', at)) {
        EXPECT_NE(find_function(names.substr(at, end - at)), nullptr) << names.substr(at, end - at);
        at = end + 1;
        ++count;
    }
    EXPECT_EQ(count, all_functions().size());
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
