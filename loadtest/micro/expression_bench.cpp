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
BENCHMARK_CAPTURE(one, regex_matches, "event.name.matches('^Anna')");
BENCHMARK_CAPTURE(one, strings, "event.name.lowerAscii().startsWith('anna')");
BENCHMARK_CAPTURE(one, text_lower, "event.name.lower()");
BENCHMARK_CAPTURE(one, hash_email, "hash.email(event.mail)");
BENCHMARK_CAPTURE(one, url_query, "url.query(event.url)[?'gclid']");
BENCHMARK_CAPTURE(one, time_format,
                  "time.format(timestamp(event.time), 'yyyy-MM-dd HH:mm', 'Europe/Berlin')");
BENCHMARK_CAPTURE(one, number_round, "number.round(event.total, 1)");
BENCHMARK_CAPTURE(one, format, "'%s %.2f'.format([event.name, event.total])");
BENCHMARK_CAPTURE(one, loop, "[1, 2, 3, 4].map(x, x * event.qty).sum()");

}  // namespace
