#pragma once
// One clause of each rule of an index, and for an event the rules whose clause holds or is in
// error. Texts and numbers are looked up, shared predicates decided once; rules are touched only
// through what holds. Made while compiling, then immutable, any thread.

#include <optional>
#include <vector>

#include "rules/index/affix_list.hpp"
#include "rules/index/bound_list.hpp"
#include "rules/index/clause.hpp"
#include "rules/index/value_table.hpp"

namespace sluice::rules {

/// What a plane says of an event, one bit per rule. A rule in none of them is false.
struct plane_answer {
    rule_bits holds, absent, error;
    bool has_errors = false;
};

class clause_plane {
public:
    struct rule_clause {
        std::uint32_t rule = 0;  ///< position in the index
        const clause* what = nullptr;
    };
    /// Rules without a clause here hold.
    clause_plane(const condition_table& conditions, const clause_maker& maker,
                 std::span<const rule_clause> clauses, std::size_t rules);

    /// `alive`: rules that other planes have not ruled out; the others may be answered anyhow.
    void answer(const_rule_bits alive, std::span<truth> answers,
                expression::evaluation_context& context, plane_answer& into) const;

    /// About what an answer takes.
    [[nodiscard]] std::size_t nanoseconds() const noexcept { return nanoseconds_; }

private:
    struct family {
        lookup how = lookup::none;
        predicate_id one = 0;  ///< any of its predicates: what they do with odd values
        posting rules;         ///< all of them
        std::optional<value_table> table;
        bound_list<double> lower_numbers, upper_numbers;
        bound_list<std::string_view> lower_texts, upper_texts;
        affix_list affixes;
    };
    struct shared_predicate {
        predicate_id id = 0;
        bool is_dear = false;  ///< worth a look whether anybody needs it
        posting when_true, when_false, either;
    };
    struct filed_predicate {
        predicate_id id = 0;
        std::vector<std::uint32_t> rules;
    };

    void add_family(const std::vector<filed_predicate>& members, lookup how);
    void add_bounds(family& made, const std::vector<filed_predicate>& members, bool is_text);
    void answer_family(const family& asked, const expression::value& slot,
                       plane_answer& into) const;
    void fail(truth how, const posting& rules, plane_answer& into) const;

    const condition_table& conditions_;
    posting_store store_;
    posting without_clause_;
    std::vector<family> families_;
    std::vector<shared_predicate> shared_;
    std::size_t nanoseconds_ = 0;
};

}  // namespace sluice::rules
