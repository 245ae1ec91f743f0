#pragma once
// Conditions as trees over shared predicates. The tree of a rule is decided with Kleene's logic:
// errors are a third value, the leftmost one in the source is reported, the cheapest part is tried
// first. Built while compiling; then immutable, any thread.

#include "rules/conditions/predicate_table.hpp"
#include "rules/scope.hpp"

namespace sluice::rules {

using condition_id = std::uint32_t;

class condition_table {
public:
    enum class kind : std::uint8_t { always, predicate, all, any, none };
    struct part {
        kind what = kind::always;
        predicate_id predicate = 0;
        std::uint32_t first = 0, count = 0;  ///< into links(): cheapest first
        std::uint32_t rank = 0;              ///< place among its siblings in the source
        std::uint32_t cost = 0;
    };

    /// Compiles a condition; problems go to the scope. `rule` is `set/rule`.
    condition_id add(const condition_source& source, scope& names, const std::string& rule);
    /// The condition that is always true.
    condition_id always();
    /// Both must hold (rules inside rules).
    [[nodiscard]] const part& at(condition_id id) const { return parts_[id]; }
    [[nodiscard]] std::span<const condition_id> children(const part& owner) const
    {
        return std::span{links_}.subspan(owner.first, owner.count);
    }
    [[nodiscard]] const predicate_table& predicates() const { return predicates_; }
    [[nodiscard]] bool is_always(condition_id id) const { return parts_[id].what == kind::always; }

    /// `answers` holds what is known of this event and takes what is decided now.
    [[nodiscard]] truth decide(condition_id id, std::span<truth> answers,
                               expression::evaluation_context& context) const;

    /// Predicates in the order of the source, for explain; each with its text as the rule has it.
    struct shown_predicate {
        predicate_id id = 0;
        std::string text;
    };
    [[nodiscard]] std::vector<shown_predicate> predicates_of(condition_id id) const;

private:
    condition_id add_part(part made);
    condition_id add_group(kind what, const std::vector<condition_id>& children);
    condition_id add_expression(const source_text& text, scope& names, const std::string& rule);
    condition_id add_node(const expression::compiled_expression& whole,
                          const expression::node& node, scope& names, const std::string& rule);
    condition_id add_compare(const compare_source& source, scope& names, const std::string& rule);
    void collect(condition_id id, std::vector<shown_predicate>& into) const;

    predicate_table predicates_;
    std::vector<part> parts_;
    std::vector<condition_id> links_;
    std::map<condition_id, std::string> named_texts_;  ///< of parts that use params
};

}  // namespace sluice::rules
