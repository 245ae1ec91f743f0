#pragma once
// Conditions as clauses for the index: lists of literals of which one at least must hold if the
// rule is to match. Made while compiling, on one thread.

#include <map>
#include <set>
#include <span>
#include <vector>

#include "rules/conditions/condition.hpp"

namespace sluice::rules {

struct literal {
    predicate_id predicate = 0;
    bool is_negative = false;  ///< holds when the predicate does not

    friend auto operator<=>(const literal&, const literal&) = default;
};

struct clause {
    std::vector<literal> literals;
    double chance = 1;  ///< guessed share of events for which it holds
};

struct clause_list {
    std::vector<clause> clauses;
    bool is_complete = true;  ///< false: the condition asks for more than its clauses say
};

/// How the index finds the events for which a predicate holds.
enum class lookup : std::uint8_t {
    none,      ///< not at all: it is decided for the rule alone
    decided,   ///< by deciding it, once for the many rules that share it
    equality,  ///< in a table of constants
    number_bound,
    text_bound,
    prefix,
    suffix,
};

/// Predicates on one path (with one fallback) that are looked up together.
struct family_key {
    lookup how = lookup::none;
    expression::slot_index slot = 0;
    std::string fallback;  ///< its text and kind, or empty

    friend auto operator<=>(const family_key&, const family_key&) = default;
};

[[nodiscard]] lookup lookup_of(const predicate& p);
[[nodiscard]] family_key family_of(const predicate& p);

/// Knows all rules of an index, to tell which parts of their conditions single them out.
class clause_maker {
public:
    clause_maker(const condition_table& conditions, std::span<const condition_id> rules);

    /// The most selective clause first.
    [[nodiscard]] clause_list clauses_of(condition_id rule) const;
    /// With what the index finds this literal.
    [[nodiscard]] lookup lookup_for(const literal& l) const;

private:
    /// So many rules must share a predicate that is decided for all of them.
    static constexpr std::uint32_t shared_min = 4;
    static constexpr std::size_t literals_max = 64;

    bool collect(condition_id id, bool is_negative, std::vector<clause>& into) const;
    bool collect_any(std::span<const condition_id> children, bool is_negative,
                     std::vector<clause>& into) const;
    [[nodiscard]] double chance_of(const literal& l) const;

    const condition_table& conditions_;
    std::vector<std::uint32_t> uses_;  ///< rules per predicate
    std::map<family_key, std::set<predicate_id>> families_;
};

}  // namespace sluice::rules
