#pragma once
// The smallest parts of conditions, each once per dataset however many rules use it. A predicate is
// decided at most once per event; the answers are a byte each in the evaluation's scratch. Built
// while compiling, then immutable and shared by all threads.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rules/conditions/compare.hpp"
#include "rules/expression/conjuncts.hpp"
#include "rules/expression/expression.hpp"

namespace sluice::rules {

/// Three-valued logic; errors are told apart for the counters. `unknown`: not decided yet.
enum class truth : std::uint8_t { unknown, yes, no, absent, error };

[[nodiscard]] truth truth_of(const expression::value& answer);
[[nodiscard]] inline bool is_error(truth t)
{
    return t >= truth::absent;
}

using predicate_id = std::uint32_t;

struct predicate {
    /// How it is decided; the first ones need nothing but a slot.
    enum class test : std::uint8_t {
        equal_text,
        not_equal_text,
        in_texts,
        order_integer,
        starts_with,
        ends_with,
        contains,
        is_true,
        simple,
        code,
        compare,
    };
    test how = test::code;
    std::optional<expression::simple_predicate> simple;
    std::unordered_set<std::string_view> texts;            ///< in_texts
    expression::compiled_expression code;                  ///< compare: the left operand
    std::optional<expression::compiled_expression> right;  ///< compare
    expression::value right_constant;                      ///< compare
    std::optional<comparison> compared;
    std::string text;        ///< for people
    std::string rule;        ///< of uuid.v4() inside
    std::uint32_t cost = 1;  ///< what orders the evaluation
};

class predicate_table {
public:
    /// The predicate of that key if there is one.
    [[nodiscard]] std::optional<predicate_id> find(const std::string& key) const;
    predicate_id add(std::string key, predicate made);

    [[nodiscard]] const predicate& at(predicate_id id) const { return entries_[id]; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

    /// Decides now, whatever was decided before.
    [[nodiscard]] truth decide(predicate_id id, expression::evaluation_context& context) const;
    /// The value behind the decision, for explain.
    [[nodiscard]] expression::value evaluate(predicate_id id,
                                             expression::evaluation_context& context) const;

private:
    std::vector<predicate> entries_;
    std::unordered_map<std::string, predicate_id> by_key_;
};

/// Chooses the quickest test for `made.simple`; sets `how`, `cost` and what the test needs.
void choose_test(predicate& made);

}  // namespace sluice::rules
