// Fuzz target of evaluation: the input is an expression, a zero byte and an event. Optimised and
// plain, over a tree of values and over slots, the result is the same, kind of error included, and
// no evaluation uses more than its limits.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/support/slot_evaluation.hpp"

namespace rules = sluice::rules;

namespace {

rules::expression::limits small_limits()
{
    rules::expression::limits bounds;
    bounds.loop_steps_max = 500;
    bounds.cost_units_max = 20'000;
    bounds.value_bytes_max = 1 << 16;
    bounds.arena_bytes_max = 1 << 20;
    return bounds;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto zero = input.find('\0');
    const auto text = input.substr(0, zero);
    auto json = zero == std::string_view::npos ? std::string_view("{}") : input.substr(zero + 1);
    rules::event_arena arena;
    // the gateway lets nothing but objects of limited depth in
    const auto event = rules::expression::read_json(json, arena, 64);
    if (!event || !event->is(rules::expression::value_kind::map)) json = "{}";

    static const auto bounds = small_limits();
    std::optional<rules::testing::evaluation_answer> first;
    for (const auto way : rules::testing::all_ways) {
        const auto answer = rules::testing::evaluate_event(text, json, way, bounds);
        if (answer.loop_steps > bounds.loop_steps_max + 1 ||
            answer.arena_bytes > bounds.arena_bytes_max + 2 * bounds.value_bytes_max) {
            std::fprintf(stderr, "limit passed: %zu bytes, %u steps\n", answer.arena_bytes,
                         answer.loop_steps);
            std::abort();
        }
        if (answer.is_limit) continue;
        if (!first) first = answer;
        if (first->text != answer.text) {
            std::fprintf(stderr, "%s\n%s\n", first->text.c_str(), answer.text.c_str());
            std::abort();
        }
    }
    return 0;
}
