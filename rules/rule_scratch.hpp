#pragma once
// One thread's working memory for the program of one dataset: answers of predicates, values of
// variables, an arena for what expressions build, counters. Reset per event, never shrunk;
// allocates only while it grows.

#include <span>
#include <vector>

#include "rules/conditions/predicate_table.hpp"
#include "rules/conditions/sample.hpp"
#include "rules/event/event_view.hpp"
#include "rules/index/candidate_index.hpp"
#include "rules/request/mapping.hpp"
#include "rules/rule_engine.hpp"
#include "rules/scope.hpp"

namespace sluice::rules {

/// The decoded event, in the caller's arena: what decided_event::slots points to.
struct slot_table {
    std::uint64_t serial = 0;  ///< tells two events at one address apart
    wall_time now{};
    std::span<expression::value> values;
    std::span<json_range> ranges;
    std::string_view steps_json;  ///< results of earlier steps; empty outside of steps
};

class compiled_program;

class rule_scratch final : public evaluation_scratch, public expression::variable_source {
public:
    explicit rule_scratch(const compiled_program& program);

    /// Per rule; what never matched and never failed is counted when this is called.
    [[nodiscard]] std::span<const rule_counts> counts() const override;
    [[nodiscard]] std::uint64_t errors() const override { return error_count; }
    [[nodiscard]] expression::value variable(std::uint32_t index,
                                             expression::evaluation_context& context) override;

    /// Makes an event the current one; keeps what is known of it when it already is.
    void enter(const slot_table& table, const event_input& event);
    [[nodiscard]] std::uint64_t next_serial() noexcept { return ++serial_; }

    event_arena arena;  ///< of expressions; lives until the next event
    expression::evaluation_context context;
    event_reader reader;
    sampler samples;
    std::vector<truth> answers;       ///< per predicate
    std::vector<truth> step_answers;  ///< per predicate of steps
    std::vector<rule_index> matched;  ///< of the running decision
    std::vector<rule_index> failed;
    std::vector<rule_counts> own_counts;             ///< `no_match` is not kept, it follows
    std::vector<index_scratch> indexes;              ///< per index of the program
    std::vector<omission_counts> omissions;          ///< per leaf of all mappings
    std::vector<omitted_member>* omitted = nullptr;  ///< explain and tests listen here
    std::uint64_t events = 0;
    std::uint64_t error_count = 0;

private:
    const compiled_program& program_;
    std::vector<expression::value> memo_;  ///< per variable; kind `any`: not evaluated yet
    std::uint64_t serial_;
    std::uint64_t current_ = 0;
    mutable std::vector<rule_counts> shown_;
};

}  // namespace sluice::rules
