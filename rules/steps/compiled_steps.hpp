#pragma once
// Conditions and requests of all steps of a dataset's program. Made by the program builder, owned
// by the program, immutable afterwards. The conditions have a table of their own, so that deciding
// rules costs nothing more where steps exist.

#include <unordered_map>
#include <vector>

#include "rules/conditions/condition.hpp"
#include "rules/request/request_program.hpp"
#include "rules/steps/step_program.hpp"

namespace sluice::rules {

class compiled_program;

struct program_step {
    condition_id condition = 0;
    request_program request;
};

class compiled_steps final : public step_program {
public:
    explicit compiled_steps(const compiled_program& owner) : program_(owner) {}

    [[nodiscard]] decided_event with_results(const decided_event& decided,
                                             std::string_view results_json, event_arena& arena,
                                             evaluation_scratch& scratch) const override;
    [[nodiscard]] bool runs(rule_index rule, std::size_t step, const event_input& event,
                            const decided_event& with_results,
                            evaluation_scratch& scratch) const override;
    [[nodiscard]] std::optional<render_failure> render(rule_index rule, std::size_t step,
                                                       const event_input& event,
                                                       const decided_event& with_results,
                                                       evaluation_scratch& scratch,
                                                       rendered_request& into) const override;

    [[nodiscard]] bool empty() const noexcept { return of_rule_.empty(); }
    [[nodiscard]] condition_table& conditions() { return conditions_; }
    [[nodiscard]] const condition_table& conditions() const { return conditions_; }
    void add(rule_index rule, std::vector<program_step> steps)
    {
        of_rule_[rule] = std::move(steps);
    }
    [[nodiscard]] const program_step& at(rule_index rule, std::size_t step) const
    {
        return of_rule_.at(rule)[step];
    }

private:
    const compiled_program& program_;
    condition_table conditions_;
    std::unordered_map<rule_index, std::vector<program_step>> of_rule_;
};

}  // namespace sluice::rules
