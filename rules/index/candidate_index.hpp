#pragma once
// Finds the rules of a large set that an event can match at all, without looking at each. Every
// rule is taken apart into clauses that must hold; the most selective ones are asked first, and
// further ones as long as that is cheaper than deciding the remaining rules one by one. Made while
// compiling, then immutable; any thread, each with an index_scratch of its own.

#include <span>
#include <vector>

#include "rules/index/clause_plane.hpp"
#include "rules/index/event_counter.hpp"

namespace sluice::rules {

/// What an index works in; positions are those of its entries.
struct index_scratch {
    explicit index_scratch(std::size_t rules);

    /// Nothing is alive, nothing failed.
    void begin();
    /// Rules alive that are in no error.
    [[nodiscard]] std::size_t undecided() const;
    /// Adds the event's errors to the counters; true when a rule was in error, not just absent.
    bool count();

    std::vector<std::uint64_t> alive;          ///< in: rules to consider; out: those to decide
    std::vector<std::uint64_t> absent, error;  ///< out: rules in error that need no decision
    std::vector<std::uint64_t> plane_holds, plane_absent, plane_error;
    std::vector<std::uint64_t> open;  ///< out: candidates with a clause in error
    bool has_errors = false;
    bool is_certain = false;  ///< out: complete rules that are alive match
    event_counter absent_counts, error_counts;
};

class candidate_index {
public:
    struct entry {
        std::uint32_t rule = 0;  ///< what the caller calls it
        condition_id condition = 0;
        bool acts_on_error = false;  ///< must be decided when its condition is in error
    };

    candidate_index(const condition_table& conditions, std::span<const entry> rules);

    [[nodiscard]] std::uint32_t size() const noexcept
    {
        return static_cast<std::uint32_t>(rules_.size());
    }
    [[nodiscard]] std::uint32_t rule_at(std::uint32_t position) const { return rules_[position]; }

    /// Reduces `own.alive` to the rules that must be decided.
    void narrow(index_scratch& own, std::span<truth> answers,
                expression::evaluation_context& context) const;

    /// After narrow(): whether this candidate is known to hold.
    [[nodiscard]] bool holds(const index_scratch& own, std::uint32_t position) const
    {
        return own.is_certain && has_bit(complete_, position) &&
               !(own.has_errors && has_bit(own.open, position));
    }

private:
    static constexpr std::size_t planes_max = 6;

    bool apply(const clause_plane& plane, index_scratch& own, std::span<truth> answers,
               expression::evaluation_context& context) const;

    std::vector<std::uint32_t> rules_;
    std::vector<clause_plane> planes_;
    std::vector<std::uint64_t> complete_;  ///< the planes say all that the condition asks
    std::vector<std::uint64_t> acts_on_error_;
};

}  // namespace sluice::rules
