#include "rules/steps/compiled_steps.hpp"

#include <algorithm>

#include "rules/dataset_program.hpp"

namespace sluice::rules {
namespace {

rule_scratch& entered(const event_input& event, const decided_event& decided,
                      evaluation_scratch& scratch)
{
    auto& own = static_cast<rule_scratch&>(scratch);
    own.enter(*static_cast<const slot_table*>(decided.slots), event);
    return own;
}

}  // namespace

decided_event compiled_steps::with_results(const decided_event& decided,
                                           std::string_view results_json, event_arena& arena,
                                           evaluation_scratch& scratch) const
{
    auto& own = static_cast<rule_scratch&>(scratch);
    const auto& table = *static_cast<const slot_table*>(decided.slots);
    auto& made = arena.allocate_array<slot_table>(1)[0];
    made.serial = own.next_serial();
    made.now = table.now;
    made.steps_json = results_json;
    made.values = arena.allocate_array<expression::value>(table.values.size());
    made.ranges = arena.allocate_array<json_range>(table.ranges.size());
    std::ranges::copy(table.values, made.values.begin());
    std::ranges::copy(table.ranges, made.ranges.begin());
    own.reader.fill(program_.parts().paths, path_root::steps, results_json, made.values,
                    made.ranges, arena);
    auto out = decided;
    out.slots = &made;
    return out;
}

bool compiled_steps::runs(rule_index rule, std::size_t step, const event_input& event,
                          const decided_event& with_results, evaluation_scratch& scratch) const
{
    auto& own = entered(event, with_results, scratch);
    own.step_answers.assign(conditions_.predicates().size(), truth::unknown);
    return conditions_.decide(at(rule, step).condition, own.step_answers, own.context) ==
           truth::yes;
}

std::optional<render_failure> compiled_steps::render(rule_index rule, std::size_t step,
                                                     const event_input& event,
                                                     const decided_event& with_results,
                                                     evaluation_scratch& scratch,
                                                     rendered_request& into) const
{
    auto& own = entered(event, with_results, scratch);
    const auto& table = *static_cast<const slot_table*>(with_results.slots);
    own.context.begin();
    own.context.rule = program_.outcomes()[rule].rule;
    render_state state{.context = own.context,
                       .ranges = table.ranges,
                       .paths = program_.parts().paths,
                       .event_json = event.json,
                       .request_json = event.request_json,
                       .steps_json = table.steps_json,
                       .counts = own.omissions,
                       .omitted = own.omitted,
                       .failure = {}};
    if (!at(rule, step).request.render(state, into)) return std::move(state.failure);
    return std::nullopt;
}

}  // namespace sluice::rules
