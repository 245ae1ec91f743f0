// What deciding an event costs: decode, 100 and 10,000 rules, one mapping of ten fields. One
// thread, warm caches.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "config/yaml_reader.hpp"
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

/// Filters as shops write them: a discriminating text, a number and a flag.
std::string filters(int count, const std::string& mode = "all")
{
    static constexpr const char* countries[] = {"DE", "FR", "IT", "ES", "PL", "NL", "AT", "CH"};
    std::string yaml =
        "rules:\n  bench:\n    source: web_events\n    mode: " + mode + "\n    rules:\n";
    for (int i = 0; i < count; ++i) {
        const auto n = std::to_string(i);
        yaml += "      - {name: r" + n + ", to: sink, when: \"";
        switch (i % 4) {
            case 0:
                yaml += "event.campaign == 'spring-" + n + "' && event.order.total > " +
                        std::to_string(i % 90);
                break;
            case 1:
                yaml += "event.geo.country == '" + std::string{countries[i % 8]} +
                        "' && event.session.count >= " + n;
                break;
            case 2:
                yaml += "event.user.segments_key == 'k" + n +
                        "' && event.user.consent.marketing == true";
                break;
            default:
                yaml += "event.experiment.variant in ['x" + n + "', 'y" + n +
                        "'] && default(event.order.coupon, '') != ''";
                break;
        }
        yaml += "\"}\n";
    }
    return yaml;
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
    bench_engine e(filters(static_cast<int>(state.range(0))));
    for (auto _ : state) {
        e.arena.reset();
        benchmark::DoNotOptimize(e.program->decode(e.event, e.arena, e.own()));
    }
    state.counters["bytes"] = static_cast<double>(e.event.json.size());
    state.counters["slots"] = static_cast<double>(e.program->parts().paths.slot_count());
}

/// Deciding alone, of an event that is decoded already.
void decide(benchmark::State& state)
{
    bench_engine e(filters(static_cast<int>(state.range(0))));
    const auto& table = e.program->decode(e.event, e.arena, e.own());
    rules::event_arena results;
    for (auto _ : state) {
        results.reset();
        benchmark::DoNotOptimize(e.program->decide_decoded(table, e.event, results, e.own()));
    }
    state.counters["predicates"] = static_cast<double>(e.program->conditions().predicates().size());
}

/// The same rules in `mode: first`, which no index serves: every rule is met.
void decide_scanned(benchmark::State& state)
{
    bench_engine e(filters(static_cast<int>(state.range(0)), "first"));
    const auto& table = e.program->decode(e.event, e.arena, e.own());
    rules::event_arena results;
    for (auto _ : state) {
        results.reset();
        benchmark::DoNotOptimize(e.program->decide_decoded(table, e.event, results, e.own()));
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
BENCHMARK(decide)->Arg(1)->Arg(100)->Arg(10'000);
BENCHMARK(decide_scanned)->Arg(100)->Arg(10'000);
BENCHMARK(decode_decide_and_render);

}  // namespace
