// What one expression costs once its slots are filled: predicates, rules of three predicates,
// function families.

#include <benchmark/benchmark.h>

#include <map>

#include "rules/expression/expression.hpp"
#include "rules/expression/functions/registry.hpp"

namespace expression = sluice::rules::expression;

namespace {

// Gives every path a slot and fills it by its last name.
class named_slots final : public expression::path_resolver {
public:
    std::vector<expression::value> slots;

    std::optional<expression::resolved_path> resolve(
        std::string_view, std::span<const expression::path_step> steps) override
    {
        using expression::value;
        static const std::map<std::string, value, std::less<>> known = {
            {"currency", value::from_string("EUR")},
            {"total", value::from_double(128.8)},
            {"qty", value::from_int(2)},
            {"name", value::from_string("Anna Berg")},
            {"mail", value::from_string(" Anna.Berg@Example.com")},
            {"time", value::from_string("2025-03-01T11:59:58Z")},
            {"address", value::from_string("10.1.2.3")},
            {"pairs", value::from_string("a:1,b:2")},
            {"json", value::from_string("{\"a\":[1,2.5]}")},
            {"amount", value::from_string("1,234.50")},
            {"url", value::from_string("https://shop.example.com/thanks?gclid=Ab3")}};
        const auto found = steps.empty() ? known.end() : known.find(steps.back().name);
        slots.push_back(found == known.end() ? value::absent_path(0, false) : found->second);
        return expression::resolved_path{static_cast<expression::slot_index>(slots.size() - 1)};
    }
};

void run(benchmark::State& state, const std::vector<std::string>& texts)
{
    named_slots paths;
    expression::compile_environment environment;
    environment.variables = {{"event", expression::value_kind::any, 0, true}};
    environment.paths = &paths;
    std::vector<expression::compiled_expression> programs;
    for (const auto& text : texts) {
        std::vector<expression::problem> problems;
        auto program = expression::compile(text, environment, problems);
        if (!program) {
            state.SkipWithError(problems.front().message.c_str());
            return;
        }
        programs.push_back(std::move(*program));
    }
    sluice::rules::event_arena arena;
    expression::evaluation_context context(arena, environment.bounds);
    context.slots = paths.slots;
    for (auto _ : state) {
        context.begin();
        arena.reset();
        for (const auto& program : programs) benchmark::DoNotOptimize(program.evaluate(context));
    }
}

void one(benchmark::State& state, const char* text)
{
    run(state, {text});
}

void hundred_rules(benchmark::State& state)
{
    std::vector<std::string> texts;
    for (int i = 0; i < 100; ++i) {
        texts.push_back("event.order.currency == 'C" + std::to_string(i) +
                        "' && event.order.total > " + std::to_string(i) +
                        ".0 && default(event.user.consent, false) == true");
    }
    run(state, texts);
}

BENCHMARK(hundred_rules);
BENCHMARK_CAPTURE(one, string_equal, "event.currency == 'EUR'");
BENCHMARK_CAPTURE(one, number_greater, "event.total > 100");
BENCHMARK_CAPTURE(one, in_set, "event.currency in ['EUR', 'USD', 'GBP']");
BENCHMARK_CAPTURE(one, absent_default, "default(event.nothing, false) == true");
BENCHMARK_CAPTURE(one, slot_with_slot, "event.total > event.qty");

/// What a call of each family of functions costs, operands read from slots. The name is the family
/// and the function.
struct family_case {
    const char* name;
    const char* text;
};
constexpr family_case families[] = {
    {"conversions/string_of_double", "string(event.total)"},
    {"conversions/timestamp", "timestamp(event.time)"},
    {"calendar/get_hours_in_zone", "timestamp(event.time).getHours('Europe/Berlin')"},
    {"strings/lower_starts_with", "event.name.lowerAscii().startsWith('anna')"},
    {"strings/index_of", "event.name.indexOf('Berg')"},
    {"strings/replace", "event.name.replace('n', 'm')"},
    {"strings/split_join", "event.name.split(' ').join('-')"},
    {"strings/format", "'%s %.2f'.format([event.name, event.total])"},
    {"math/greatest", "math.greatest(event.total, event.qty)"},
    {"math/round", "math.round(event.total)"},
    {"lists/map_sum", "[1, 2, 3, 4].map(x, x * event.qty).sum()"},
    {"lists/sort", "[4, 1, event.qty, 3].sort()"},
    {"lists/distinct", "[4, 1, event.qty, 3].distinct()"},
    {"lists/exists", "[4, 1, 3].exists(x, x == event.qty)"},
    {"sets/intersects", "sets.intersects([event.currency], ['EUR', 'USD'])"},
    {"encoders/base64", "base64.encode(bytes(event.name))"},
    {"regex/matches", "event.name.matches('^Anna')"},
    {"regex/extract", "regex.extract(event.url, 'gclid=([A-Za-z0-9]+)').orValue('')"},
    {"regex/replace", "regex.replace(event.name, '[aeiou]', '')"},
    {"optionals/or_value", "event.?nothing.orValue(event.qty)"},
    {"optionals/opt_map", "event.?qty.optMap(x, x + 1).orValue(0)"},
    {"network/contains_ip", "cidr('10.0.0.0/8').containsIP(event.address)"},
    {"text/lower", "event.name.lower()"},
    {"text/split_any", "event.name.splitAny(' ,')"},
    {"text/pad_left", "event.name.padLeft(20)"},
    {"hash/sha256", "hash.sha256(event.name)"},
    {"hash/md5", "hash.md5(event.name)"},
    {"hash/email", "hash.email(event.mail)"},
    {"url/host", "url.host(event.url)"},
    {"url/query", "url.query(event.url)[?'gclid']"},
    {"url/encode", "url.encode(event.url)"},
    {"time/format", "time.format(timestamp(event.time), 'yyyy-MM-dd HH:mm', 'Europe/Berlin')"},
    {"time/parse", "time.parse(event.time, \"yyyy-MM-dd'T'HH:mm:ssX\")"},
    {"time/part", "time.part(timestamp(event.time), 'week')"},
    {"objects/kv_parse", "kv.parse(event.pairs)"},
    {"objects/union", "maps.union({'a': event.qty}, {'b': 1})"},
    {"objects/json_serialize", "json.serialize({'a': [event.qty, event.name]})"},
    {"objects/json_parse", "json.parse(event.json).a"},
    {"objects/uuid", "uuid.v4()"},
    {"numbers/round", "number.round(event.total, 1)"},
    {"numbers/format", "number.format(event.total, '#,##0.00')"},
    {"numbers/parse", "number.parse(event.amount)"},
    {"presence/default", "default(event.nothing, 'x')"},
    {"presence/coalesce", "coalesce(event.nothing, null, event.name)"},
    {"presence/has", "has(event.name)"},
};

const bool registered = [] {
    for (const auto& family : families) {
        benchmark::RegisterBenchmark((std::string("family/") + family.name).c_str(), one,
                                     family.text);
    }
    return true;
}();

}  // namespace
