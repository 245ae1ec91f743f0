#include "rules/rule_scratch.hpp"

#include <atomic>

#include "rules/dataset_program.hpp"

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

/// Serial numbers of different scratches never meet: the upper bits number the scratch.
std::uint64_t first_serial()
{
    static std::atomic<std::uint64_t> scratches{0};
    return ++scratches << 40U;
}

}  // namespace

rule_scratch::rule_scratch(const compiled_program& program)
    : context(arena, program.parts().bounds), program_(program), serial_(first_serial())
{
    answers.resize(program.conditions().predicates().size());
    memo_.resize(program.parts().variables.size());
    own_counts.resize(program.outcomes().size());
    shown_.resize(program.outcomes().size());
    indexes.reserve(program.indexes().size());
    for (const auto& index : program.indexes()) indexes.emplace_back(index.size());
    omissions.resize(program.leaf_count());
    matched.reserve(program.outcomes().size());
    failed.reserve(program.outcomes().size());
    context.variables = this;
}

void rule_scratch::enter(const slot_table& table, const event_input& event)
{
    context.slots = table.values;
    context.now = table.now;
    context.event_id = event.id;
    context.seed = event.seed.value_or(program_.seed());
    if (table.serial == current_) return;
    current_ = table.serial;
    arena.reset();
    std::fill(memo_.begin(), memo_.end(), value{});
}

value rule_scratch::variable(std::uint32_t index, expression::evaluation_context& running)
{
    auto& known = memo_[index];
    if (!known.is(value_kind::any)) return known;
    const auto& variable = program_.parts().variables[index];
    auto* locals = running.locals;
    const auto rule = running.rule;
    std::vector<std::uint32_t> runs;
    runs.swap(running.call_runs);
    running.locals = nullptr;
    running.rule = variable.rule;
    const auto made = variable.code.evaluate(running);
    running.call_runs.swap(runs);
    running.rule = rule;
    running.locals = locals;
    memo_[index] = made;
    return made;
}

std::span<const rule_counts> rule_scratch::counts() const
{
    shown_ = own_counts;
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        const auto& index = program_.indexes()[i];
        for (std::uint32_t at = 0; at < index.size(); ++at) {
            const auto outcome = program_.rule(index.rule_at(at)).outcome;
            if (outcome == program_rule::none) continue;
            shown_[outcome].absent += indexes[i].absent_counts.of(at);
            shown_[outcome].error += indexes[i].error_counts.of(at);
        }
    }
    for (auto& counts : shown_) {
        const auto others =
            counts.matched + counts.absent + counts.error + counts.sampled_out + counts.dropped;
        counts.no_match = events > others ? events - others : 0;
    }
    return shown_;
}

}  // namespace sluice::rules
