#pragma once
// The steps of a dataset's rules as lanes, explain and tests use them: an event is given the
// results of the steps before, then the next step is decided and rendered like a rule. Immutable,
// shared by all threads; every call works in the caller's scratch.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule_engine.hpp"

namespace sluice::rules {

class step_program {
public:
    virtual ~step_program() = default;

    /// `decided` as a step sees it: with `steps` = `results_json` (an object, step to result). The
    /// answer lies in `arena` and refers to both; it is good for the functions below.
    [[nodiscard]] virtual decided_event with_results(const decided_event& decided,
                                                     std::string_view results_json,
                                                     event_arena& arena,
                                                     evaluation_scratch& scratch) const = 0;

    /// Whether the step runs; a condition that is false or in error skips it.
    [[nodiscard]] virtual bool runs(rule_index rule, std::size_t step, const event_input& event,
                                    const decided_event& with_results,
                                    evaluation_scratch& scratch) const = 0;

    /// The request of a step, as dataset_program::render() makes that of a rule.
    [[nodiscard]] virtual std::optional<render_failure> render(rule_index rule, std::size_t step,
                                                               const event_input& event,
                                                               const decided_event& with_results,
                                                               evaluation_scratch& scratch,
                                                               rendered_request& into) const = 0;
};

}  // namespace sluice::rules
