#pragma once
// Finds the few rules of a large set that can match at all: rules are filed under a condition
// `path == 'text'` (or `in`) that must hold for them. Built while compiling, then immutable, any
// thread.

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/conditions/condition.hpp"

namespace sluice::rules {

class candidate_index {
public:
    struct filed_rule {
        std::uint32_t rule = 0;  ///< what the caller calls it
        condition_id condition = 0;
    };

    /// Rules of a group that are all decided independently of each other.
    candidate_index(const condition_table& conditions, std::span<const filed_rule> rules);

    /// Calls `visit(rule)` for each rule whose filing condition holds and for each that has none;
    /// `absent(group)` for each group whose path the event does not have.
    template <class Visit, class Absent>
    void candidates(std::span<const expression::value> slots, Visit visit, Absent absent) const
    {
        for (const auto rule : rest_) visit(rule);
        for (std::uint32_t i = 0; i < groups_.size(); ++i) {
            const auto& group = groups_[i];
            const auto* found = &slots[group.slot];
            if (group.fallback && (found->is_null() || found->is_absent()))
                found = &*group.fallback;
            if (found->is_error()) {
                absent(i);
            } else if (found->is(expression::value_kind::string)) {
                const auto rules = group.rules.find(found->text());
                if (rules == group.rules.end()) continue;
                for (const auto rule : rules->second) visit(rule);
            }
        }
    }

    [[nodiscard]] std::size_t group_count() const noexcept { return groups_.size(); }
    /// Rules filed in a group, each once.
    [[nodiscard]] std::span<const std::uint32_t> members(std::uint32_t group) const
    {
        return groups_[group].members;
    }
    [[nodiscard]] std::size_t unfiled_count() const noexcept { return rest_.size(); }

private:
    struct filed_group {
        expression::slot_index slot = 0;
        std::optional<expression::value> fallback;
        std::unordered_map<std::string_view, std::vector<std::uint32_t>> rules;
        std::vector<std::uint32_t> members;
    };

    filed_group& group_of(const expression::simple_predicate& simple);

    std::vector<filed_group> groups_;
    std::vector<std::uint32_t> rest_;
};

}  // namespace sluice::rules
