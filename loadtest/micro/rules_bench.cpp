// What deciding an event costs: decode, 100 and 10,000 rules of every shape, one mapping of ten
// fields. One thread, warm caches.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "config/yaml/yaml_reader.hpp"
#include "rules/rule_compiler.hpp"

namespace {

using namespace sluice;

constexpr const char* event_json =
    R"({"id":"7d0c9a52-0f0e-4a51-9c0d-7c1f6a1e9b11","type":"order.completed","time":"2025-03-01T11:59:58.123Z",)"
    R"("user":{"id":"u-482910","email":"anna.berg@example.com","phone":"+49 1511 2345678","plan":"pro",)"
    R"("consent":{"marketing":true,"analytics":true},"segments":["returning","vip","newsletter"]},)"
    R"("page":{"url":"https://shop.example.com/thanks?utm_source=mail&utm_campaign=spring&gclid=Ab3",)"
    R"("referrer":"https://www.example.org/search?q=boots","title":"Thank you","locale":"de-DE"},)"
    R"("device":{"kind":"phone","os":"Android 14","browser":"Chrome 122","width":412,"height":915},)"
    R"("geo":{"country":"DE","region":"BE","city":"Berlin","lat":52.52,"lon":13.405},)"
    R"("order":{"id":"1001","currency":"EUR","total":128.8,"tax":20.56,"shipping":4.9,"coupon":null,)"
    R"("items":[{"sku":"SH-1","name":"Running shoe","price":19.9,"qty":2},{"sku":"BT-7","name":"Boot","price":89,"qty":1}]},)"
    R"("campaign":"spring-17","experiment":{"name":"checkout","variant":"b"},"session":{"id":"s-99812","count":14}})";

enum class shape : std::uint8_t {
    mixed,             ///< as shops write them: a discriminating text, a number and a flag
    equality,          ///< path == 'text', each another
    in_list,           ///< path in [three numbers]
    range,             ///< path > number, half of them hold, and a text that does not
    prefix,            ///< path.startsWith('text')
    either,            ///< a == 'x' || b == 'y'
    absent,            ///< an equality whose path the event lacks
    shared,            ///< no indexable part: three of 100 predicates, with ! and ||
    distinct,          ///< no indexable part and nothing in common: p.contains('text')
    distinct_pattern,  ///< the same with p.matches('text')
};

std::string condition(shape what, int i)
{
    static constexpr const char* countries[] = {"DE", "FR", "IT", "ES", "PL", "NL", "AT", "CH"};
    const auto n = std::to_string(i);
    const auto contains = [](int word) {
        static constexpr const char* paths[] = {"event.page.url", "event.page.title",
                                                "event.device.browser", "event.user.email"};
        static constexpr const char* words[] = {"o", "e", "ra", "shop", "You", "zz"};
        return std::string{paths[word % 4]} + ".contains('" + words[word % 6] +
               (word % 3 == 0 ? "" : std::to_string(word % 25)) + "')";
    };
    switch (what) {
        case shape::equality:
            return "event.campaign == 'spring-" + n + "'";
        case shape::in_list:
            return "event.session.count in [" + n + ", " + std::to_string(i + 20'000) + ", " +
                   std::to_string(i + 40'000) + ".5]";
        case shape::range:
            return "event.device.width > " + std::to_string(i % 824) + " && event.campaign < 'r" +
                   n + "'";
        case shape::prefix:
            return "event.page.url.startsWith('https://shop" + (i == 7 ? "" : n) + "')";
        case shape::either:
            return "event.campaign == 'spring-" + n + "' || event.geo.city == 'c" + n + "'";
        case shape::absent:
            return "event.order.voucher == 'v" + n + "' && event.order.total > 10";
        case shape::shared:
            return contains(i % 100) + " && !" + contains((i * 7 + 1) % 100) + " && (" +
                   contains((i / 100 + 3) % 100) + " || " + contains((i / 50 + 9) % 100) + ")";
        case shape::distinct:
            return "event.page.url.contains('shop" + n + "')";
        case shape::distinct_pattern:
            return "event.page.url.matches('shop" + n + "[0-9]')";
        default:
            break;
    }
    switch (i % 4) {
        case 0:
            return "event.campaign == 'spring-" + n + "' && event.order.total > " +
                   std::to_string(i % 90);
        case 1:
            return "event.geo.country == '" + std::string{countries[i % 8]} +
                   "' && event.session.count >= " + n;
        case 2:
            return "event.user.segments_key == 'k" + n +
                   "' && event.user.consent.marketing == true";
        default:
            return "event.experiment.variant in ['x" + n + "', 'y" + n +
                   "'] && default(event.order.coupon, '') != ''";
    }
}

std::string rules_of(shape what, int count, const std::string& mode, const std::string& rest)
{
    std::string yaml = "    source: web_events\n    mode: " + mode + "\n    rules:\n";
    for (int i = 0; i < count; ++i) {
        yaml += "      - {name: r" + std::to_string(i) + ", to: sink, when: \"" +
                condition(what, i) + "\"}\n";
    }
    return yaml + rest;
}

std::string filters(shape what, int count, const std::string& mode = "all",
                    const std::string& rest = {})
{
    return "rules:\n  bench:\n" + rules_of(what, count, mode, rest);
}

constexpr const char* mapped = R"(
rules:
  bench:
    source: web_events
    rules:
      - name: crm
        when: event.order.total > 0
        to: sink
        request:
          method: PUT
          path: /v2/orders/{{ event.order.id }}
          body:
            const: {channel: web}
            map: {id: event.order.id, mail: event.user.email, total: event.order.total, currency: event.order.currency,
                  url: event.page.url, country: event.geo.country, net: event.order.total - event.order.tax,
                  items: event.order.items, plan: event.user.plan, seen: event.time}
)";

struct bench_engine {
    explicit bench_engine(const std::string& yaml)
    {
        config::diagnostics problems;
        const auto document = config::read_yaml_text(yaml, "bench.yaml", problems);
        std::map<std::string, config::rule_source> sources;
        for (const auto& [name, body] : document->find("rules")->members) {
            sources[name.text] = {.name = name.text, .body = body, .folder = "."};
        }
        const rules::rule_environment names{.datasets = {"web_events"}, .destinations = {"sink"}};
        catalog =
            rules::compile_rule_sets(rules::read_rule_sets(sources, problems), names, problems);
        if (!catalog) {
            std::fputs(problems.to_text().c_str(), stderr);
            std::exit(1);
        }
        program = catalog->program_of("web_events");
        scratch = program->make_scratch();
    }

    [[nodiscard]] rules::rule_scratch& own() { return static_cast<rules::rule_scratch&>(*scratch); }

    std::shared_ptr<rules::compiled_catalog> catalog;
    const rules::compiled_program* program = nullptr;
    std::unique_ptr<rules::evaluation_scratch> scratch;
    rules::event_arena arena{64 * 1024};
    rules::event_input event{
        .json = event_json, .id = "e-1", .type = "order.completed", .dataset = "web_events"};
};

void decode(benchmark::State& state)
{
    bench_engine e(filters(shape::mixed, static_cast<int>(state.range(0))));
    for (auto _ : state) {
        e.arena.reset();
        benchmark::DoNotOptimize(e.program->decode(e.event, e.arena, e.own()));
    }
    state.counters["bytes"] = static_cast<double>(e.event.json.size());
    state.counters["slots"] = static_cast<double>(e.program->parts().paths.slot_count());
}

/// Deciding alone, of an event that is decoded already.
void decide_yaml(benchmark::State& state, const std::string& yaml)
{
    bench_engine e(yaml);
    const auto& table = e.program->decode(e.event, e.arena, e.own());
    rules::event_arena results;
    std::size_t matched = 0;
    for (auto _ : state) {
        results.reset();
        const auto decided = e.program->decide_decoded(table, e.event, results, e.own());
        matched = decided.matched.size();
        benchmark::DoNotOptimize(decided.matched.data());
    }
    state.counters["matched"] = static_cast<double>(matched);
}

void decide(benchmark::State& state, shape what)
{
    decide_yaml(state, filters(what, static_cast<int>(state.range(0))));
}

void decide_first(benchmark::State& state, shape what)
{
    decide_yaml(state, filters(what, static_cast<int>(state.range(0)), "first",
                               "    else: {name: other, drop: other}\n"));
}

/// A hundred rules in each of many sets, half of them for other types of events.
void decide_sets(benchmark::State& state)
{
    std::string yaml = "rules:\n";
    for (int i = 0; i < state.range(0); i += 10) {
        const auto n = std::to_string(i);
        yaml += "  s" + n + ":\n";
        if (i % 20 == 0) yaml += "    event_types: [t" + n + "]\n";
        yaml += rules_of(shape::mixed, 10, "first", {});
    }
    decide_yaml(state, yaml);
}

/// Rules inside a rule.
void decide_nested(benchmark::State& state)
{
    std::string yaml =
        "rules:\n  bench:\n    source: web_events\n    rules:\n"
        "      - name: outer\n        when: event.order.total > 1\n        rules:\n";
    for (int i = 0; i < state.range(0); ++i) {
        yaml += "          - {name: r" + std::to_string(i) + ", to: sink, when: \"" +
                condition(shape::mixed, i) + "\"}\n";
    }
    decide_yaml(state, yaml);
}

/// The request alone: one mapping of ten fields.
void render(benchmark::State& state)
{
    bench_engine e(mapped);
    rules::rendered_request request;
    const auto decided = e.program->decide(e.event, e.arena, *e.scratch);
    for (auto _ : state) {
        if (e.program->render(0, e.event, decided, *e.scratch, request))
            state.SkipWithError("failed");
        benchmark::DoNotOptimize(request.body.data());
    }
}

/// Everything: decode, a hundred rules more, one mapping of ten fields.
void decode_100_rules_and_render(benchmark::State& state)
{
    bench_engine e(std::string{mapped} + "  more:\n" + rules_of(shape::mixed, 100, "all", {}));
    rules::rendered_request request;
    for (auto _ : state) {
        e.arena.reset();
        const auto decided = e.program->decide(e.event, e.arena, *e.scratch);
        if (e.program->render(0, e.event, decided, *e.scratch, request))
            state.SkipWithError("failed");
        benchmark::DoNotOptimize(request.body.data());
    }
}

void decode_decide_and_render(benchmark::State& state)
{
    bench_engine e(mapped);
    rules::rendered_request request;
    for (auto _ : state) {
        e.arena.reset();
        const auto decided = e.program->decide(e.event, e.arena, *e.scratch);
        if (e.program->render(0, e.event, decided, *e.scratch, request))
            state.SkipWithError("failed");
        benchmark::DoNotOptimize(request.body.data());
    }
}

BENCHMARK(decode)->Arg(1)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, mixed, shape::mixed)->Arg(1)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, equality, shape::equality)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, in_list, shape::in_list)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, range, shape::range)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, prefix, shape::prefix)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, either, shape::either)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, absent, shape::absent)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, shared, shape::shared)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, distinct, shape::distinct)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide, distinct_pattern, shape::distinct_pattern)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide_first, mixed, shape::mixed)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(decide_first, shared, shape::shared)->Arg(100)->Arg(10'000);
BENCHMARK(decide_sets)->Arg(100)->Arg(10'000);
BENCHMARK(decide_nested)->Arg(100)->Arg(10'000);
BENCHMARK(render);
BENCHMARK(decode_decide_and_render);
BENCHMARK(decode_100_rules_and_render);

}  // namespace
