#include "rules/index/candidate_index.hpp"

#include <algorithm>

namespace sluice::rules {
namespace {

/// So many candidates are decided one by one at once; about what deciding one takes.
constexpr std::size_t few_candidates = 8;
constexpr std::size_t decision_nanoseconds = 15;

}  // namespace

index_scratch::index_scratch(std::size_t rules)
    : alive(words_for(rules)),
      absent(alive.size()),
      error(alive.size()),
      plane_holds(alive.size()),
      plane_absent(alive.size()),
      plane_error(alive.size()),
      open(alive.size()),
      absent_counts(alive.size()),
      error_counts(alive.size())
{
}

void index_scratch::begin()
{
    std::ranges::fill(alive, 0);
    std::ranges::fill(absent, 0);
    std::ranges::fill(error, 0);
    has_errors = false;
    is_certain = false;
}

std::size_t index_scratch::undecided() const
{
    if (!has_errors) return count_bits(alive);
    std::size_t total = 0;
    for (std::size_t i = 0; i < alive.size(); ++i) {
        total += static_cast<std::size_t>(std::popcount(alive[i] & ~(absent[i] | error[i])));
    }
    return total;
}

bool index_scratch::count()
{
    if (!has_errors) return false;
    absent_counts.add(absent);
    error_counts.add(error);
    return std::ranges::any_of(error, [](std::uint64_t word) { return word != 0; });
}

candidate_index::candidate_index(const condition_table& conditions, std::span<const entry> rules)
    : complete_(words_for(rules.size())), acts_on_error_(complete_.size())
{
    std::vector<condition_id> all;
    all.reserve(rules.size());
    for (const auto& rule : rules) {
        rules_.push_back(rule.rule);
        all.push_back(rule.condition);
    }
    const clause_maker maker(conditions, all);
    std::vector<clause_list> lists;
    lists.reserve(rules.size());
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
        lists.push_back(maker.clauses_of(rules[i].condition));
        const bool fits = lists.back().clauses.size() <= planes_max;
        if (fits && lists.back().is_complete) set_bit(complete_, i);
        if (rules[i].acts_on_error) set_bit(acts_on_error_, i);
    }
    for (std::size_t depth = 0; depth < planes_max; ++depth) {
        std::vector<clause_plane::rule_clause> layer;
        for (std::uint32_t i = 0; i < lists.size(); ++i) {
            if (lists[i].clauses.size() > depth) layer.push_back({i, &lists[i].clauses[depth]});
        }
        if (layer.empty()) break;
        planes_.emplace_back(conditions, maker, layer, rules.size());
    }
}

void candidate_index::narrow(index_scratch& own, std::span<truth> answers,
                             expression::evaluation_context& context) const
{
    own.is_certain = true;
    for (std::size_t i = 0; i < planes_.size(); ++i) {
        if (i > 0) {
            const auto left = own.undecided();
            if (left <= few_candidates || left * decision_nanoseconds < planes_[i].nanoseconds()) {
                own.is_certain = false;
                break;
            }
        }
        own.has_errors = apply(planes_[i], own, answers, context) || own.has_errors;
    }
    if (!own.has_errors) return;
    // An error of one kind is the rule's answer; of two kinds the leftmost counts, which only the
    // whole condition tells.
    for (std::size_t i = 0; i < own.alive.size(); ++i) {
        const auto absent = own.absent[i] & own.alive[i], error = own.error[i] & own.alive[i];
        own.open[i] = (absent & error) | ((absent | error) & acts_on_error_[i]);
        own.alive[i] &= ~(absent | error) | own.open[i];
        own.absent[i] = absent & ~own.open[i];
        own.error[i] = error & ~own.open[i];
    }
}

bool candidate_index::apply(const clause_plane& plane, index_scratch& own, std::span<truth> answers,
                            expression::evaluation_context& context) const
{
    std::ranges::fill(own.plane_holds, 0);
    std::ranges::fill(own.plane_absent, 0);
    std::ranges::fill(own.plane_error, 0);
    plane_answer said{own.plane_holds, own.plane_absent, own.plane_error};
    plane.answer(own.alive, answers, context, said);
    if (!said.has_errors) {
        for (std::size_t i = 0; i < own.alive.size(); ++i) own.alive[i] &= own.plane_holds[i];
        return false;
    }
    for (std::size_t i = 0; i < own.alive.size(); ++i) {
        const auto absent = own.plane_absent[i] & ~own.plane_holds[i];
        const auto error = own.plane_error[i] & ~own.plane_holds[i];
        own.alive[i] &= own.plane_holds[i] | absent | error;
        own.absent[i] |= absent;
        own.error[i] |= error;
    }
    return true;
}

}  // namespace sluice::rules
