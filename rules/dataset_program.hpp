#pragma once
// All compiled rules of one dataset: decodes an event, decides every rule, renders requests. Made
// by the rule compiler, immutable afterwards and shared by all threads; every call works in the
// caller's scratch.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/conditions/condition.hpp"
#include "rules/index/candidate_index.hpp"
#include "rules/request/request_program.hpp"
#include "rules/rule_engine.hpp"
#include "rules/rule_scratch.hpp"
#include "rules/steps/compiled_steps.hpp"

namespace sluice::rules {

struct program_sample {
    double rate = 1.0;
    std::optional<expression::compiled_expression> by;  ///< nothing: the event's id
};

/// A rule of a group: one that acts (`outcome`), or one that holds other rules (`group`).
struct program_rule {
    static constexpr std::uint32_t none = 0xffff'ffff;
    std::string name;  ///< `set/rule`
    std::string short_name;
    config::source_location where;
    condition_id condition = 0;
    condition_error on_error = condition_error::no_match;
    std::optional<program_sample> sample;
    std::optional<expression::compiled_expression> explanation;
    std::optional<request_program> request;
    rule_index outcome = none;
    std::uint32_t group = none;
};

struct program_group {
    match_mode mode = match_mode::all;
    std::vector<std::uint32_t> rules;  ///< into compiled_program::rules()
    std::uint32_t otherwise = program_rule::none;
    std::uint32_t index = program_rule::none;  ///< of a large group inside a rule
};

struct program_set {
    std::string name;
    config::source_location where;
    std::vector<std::string> event_types;  ///< empty: all
    std::uint32_t group = 0;
    std::uint32_t first = 0, last = 0;  ///< its rules' positions in the index of all sets
};

class compiled_program final : public dataset_program {
public:
    compiled_program(std::string dataset, const rule_environment& names);

    [[nodiscard]] std::span<const rule_outcome> outcomes() const override { return outcomes_; }
    [[nodiscard]] std::unique_ptr<evaluation_scratch> make_scratch() const override;
    [[nodiscard]] decided_event decide(const event_input& event, event_arena& arena,
                                       evaluation_scratch& scratch) const override;
    [[nodiscard]] std::optional<render_failure> render(rule_index rule, const event_input& event,
                                                       const decided_event& decided,
                                                       evaluation_scratch& scratch,
                                                       rendered_request& into) const override;

    [[nodiscard]] const step_program* steps() const override
    {
        return steps_.empty() ? nullptr : &steps_;
    }

    /// Decoding alone, the first half of decide().
    [[nodiscard]] const slot_table& decode(const event_input& event, event_arena& arena,
                                           rule_scratch& scratch) const;
    /// Deciding alone, of the event that decode() gave; not for events of other scratches.
    [[nodiscard]] decided_event decide_decoded(const slot_table& table, const event_input& event,
                                               event_arena& arena, rule_scratch& scratch) const;

    /// Sets that look at events of this type, in order.
    [[nodiscard]] bool considers(const program_set& set, std::string_view event_type) const;
    [[nodiscard]] bool samples(const program_rule& rule, const event_input& event,
                               rule_scratch& scratch, truth& answer) const;

    [[nodiscard]] const std::string& dataset() const { return dataset_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] program_parts& parts() { return *parts_; }
    [[nodiscard]] const program_parts& parts() const { return *parts_; }
    [[nodiscard]] condition_table& conditions() { return conditions_; }
    [[nodiscard]] const condition_table& conditions() const { return conditions_; }
    [[nodiscard]] const std::vector<program_set>& sets() const { return sets_; }
    [[nodiscard]] const program_group& group(std::uint32_t index) const { return groups_[index]; }
    [[nodiscard]] const program_rule& rule(std::uint32_t index) const { return rules_[index]; }
    [[nodiscard]] const compiled_steps& all_steps() const { return steps_; }
    [[nodiscard]] std::uint32_t leaf_count() const { return leaf_count_; }
    [[nodiscard]] std::span<const candidate_index> indexes() const { return indexes_; }

private:
    friend class program_builder;

    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept
        {
            return std::hash<std::string_view>{}(text);
        }
    };

    void finish();
    void fill_meta(const event_input& event, slot_table& table, event_arena& arena) const;
    [[nodiscard]] std::span<const std::uint32_t> sets_for(std::string_view event_type) const;
    bool decide_group(std::uint32_t group, const event_input& event, rule_scratch& scratch) const;
    void decide_sets(const event_input& event, rule_scratch& scratch) const;
    /// Rules of a group that stand in an index from `first` to `last`, after it was narrowed.
    bool decide_candidates(const program_group& group, std::uint32_t index, std::uint32_t first,
                           std::uint32_t last, const event_input& event,
                           rule_scratch& scratch) const;
    bool decide_rule(std::uint32_t rule, const event_input& event, rule_scratch& scratch) const;
    bool act(std::uint32_t rule, truth answer, const event_input& event,
             rule_scratch& scratch) const;

    std::string dataset_;
    const clock_source* clock_;
    std::uint64_t seed_;
    std::unique_ptr<program_parts> parts_;
    condition_table conditions_;
    std::vector<rule_outcome> outcomes_;
    std::vector<std::uint32_t> rule_of_outcome_;
    std::vector<program_rule> rules_;
    std::vector<program_group> groups_;
    std::vector<program_set> sets_;
    compiled_steps steps_;
    std::uint32_t leaf_count_ = 0;
    std::vector<candidate_index> indexes_;
    std::uint32_t set_index_ = program_rule::none;  ///< the index of all sets together
    std::unordered_map<std::string, std::vector<std::uint32_t>, text_hash, std::equal_to<>>
        typed_sets_;
    std::vector<std::uint32_t> open_sets_;  ///< for types nobody names: unrestricted and prefixes
    bool has_prefixes_ = false;
    std::vector<std::pair<path_set::slot_index, std::uint8_t>> meta_slots_;
    path_set::slot_index meta_root_ = path_set::no_slot;
};

}  // namespace sluice::rules
