#include "rules/index/clause_plane.hpp"

#include <map>

namespace sluice::rules {
namespace {

using expression::predicate_operator;
using expression::value;
using expression::value_kind;

/// Costs above this (predicate::cost) are those of general code, patterns and searches.
constexpr std::uint32_t dear_cost = 3;

double number_of(const value& v)
{
    if (v.is(value_kind::integer)) return static_cast<double>(v.as_int());
    if (v.is(value_kind::unsigned_integer)) return static_cast<double>(v.as_uint());
    return v.as_double();
}

template <class Bound>
void add_bound(std::vector<typename bound_list<Bound>::bound_rules>& into, const Bound& bound,
               predicate_operator op, const std::vector<std::uint32_t>& rules)
{
    const bool is_strict = op == predicate_operator::less || op == predicate_operator::greater;
    into.push_back({bound, is_strict, rules});
}

bool is_lower_bound(predicate_operator op)
{
    return op == predicate_operator::greater || op == predicate_operator::greater_equal;
}

}  // namespace

clause_plane::clause_plane(const condition_table& conditions, const clause_maker& maker,
                           std::span<const rule_clause> clauses, std::size_t rules)
    : conditions_(conditions), store_(words_for(rules))
{
    struct shared_rules {
        std::vector<std::uint32_t> when_true, when_false;
    };
    std::map<predicate_id, shared_rules> shared;
    std::map<family_key, std::map<predicate_id, std::vector<std::uint32_t>>> families;
    std::vector<bool> has_clause(rules);
    for (const auto& [rule, what] : clauses) {
        has_clause[rule] = true;
        for (const auto& l : what->literals) {
            if (maker.lookup_for(l) == lookup::decided) {
                auto& home = shared[l.predicate];
                (l.is_negative ? home.when_false : home.when_true).push_back(rule);
            } else {
                const auto& p = conditions.predicates().at(l.predicate);
                families[family_of(p)][l.predicate].push_back(rule);
            }
        }
    }
    std::vector<std::uint32_t> others;
    for (std::uint32_t rule = 0; rule < rules; ++rule) {
        if (!has_clause[rule]) others.push_back(rule);
    }
    without_clause_ = store_.add(std::move(others));
    for (auto& [id, lists] : shared) {
        auto either = lists.when_true;
        either.insert(either.end(), lists.when_false.begin(), lists.when_false.end());
        shared_.push_back({.id = id,
                           .is_dear = conditions.predicates().at(id).cost > dear_cost,
                           .when_true = store_.add(std::move(lists.when_true)),
                           .when_false = store_.add(std::move(lists.when_false)),
                           .either = store_.add(std::move(either))});
    }
    for (auto& [key, by_predicate] : families) {
        std::vector<filed_predicate> members;
        members.reserve(by_predicate.size());
        for (auto& [id, list] : by_predicate) members.push_back({id, std::move(list)});
        add_family(members, key.how);
    }
    nanoseconds_ =
        families_.size() * 15 + shared_.size() * (10 + store_.words() / 4) + store_.words();
}

void clause_plane::add_family(const std::vector<filed_predicate>& members, lookup how)
{
    family made{.how = how, .one = members.front().id};
    std::vector<std::uint32_t> everyone;
    for (const auto& member : members) {
        everyone.insert(everyone.end(), member.rules.begin(), member.rules.end());
    }
    const auto simple = [&](const filed_predicate& member) -> const auto&
    {
        return *conditions_.predicates().at(member.id).simple;
    };
    if (how == lookup::equality) {
        // Equal texts of several predicates share an entry; unequal forms of a number do not.
        std::map<std::string_view, std::vector<std::uint32_t>> texts;
        std::vector<value_table::key_rules> keys;
        const auto add_key = [&](const value& key, const std::vector<std::uint32_t>& rules) {
            if (!key.is(value_kind::string)) {
                keys.push_back({key, rules});
                return;
            }
            auto& home = texts[key.text()];
            home.insert(home.end(), rules.begin(), rules.end());
        };
        for (const auto& member : members) {
            const auto& asked = simple(member);
            if (asked.op == predicate_operator::equal) {
                add_key(asked.constant, member.rules);
            } else {
                for (const auto& item : asked.constant.items()) add_key(item, member.rules);
            }
        }
        for (auto& [text, rules] : texts) {
            keys.push_back({value::from_string(text), std::move(rules)});
        }
        made.table.emplace(std::move(keys), store_);
    } else if (how == lookup::prefix || how == lookup::suffix) {
        std::vector<affix_list::affix_rules> affixes;
        for (const auto& member : members) {
            affixes.push_back({simple(member).constant.text(), member.rules});
        }
        made.affixes = affix_list(std::move(affixes), how == lookup::suffix, store_);
    } else {
        add_bounds(made, members, how == lookup::text_bound);
    }
    made.rules = store_.add(std::move(everyone));
    families_.push_back(std::move(made));
}

void clause_plane::add_bounds(family& made, const std::vector<filed_predicate>& members,
                              bool is_text)
{
    std::vector<bound_list<double>::bound_rules> lower, upper;
    std::vector<bound_list<std::string_view>::bound_rules> lower_text, upper_text;
    for (const auto& member : members) {
        const auto& simple = *conditions_.predicates().at(member.id).simple;
        const bool is_lower = is_lower_bound(simple.op);
        if (is_text) {
            add_bound<std::string_view>(is_lower ? lower_text : upper_text, simple.constant.text(),
                                        simple.op, member.rules);
        } else {
            add_bound<double>(is_lower ? lower : upper, number_of(simple.constant), simple.op,
                              member.rules);
        }
    }
    made.lower_numbers = bound_list<double>(std::move(lower), true, store_);
    made.upper_numbers = bound_list<double>(std::move(upper), false, store_);
    made.lower_texts = bound_list<std::string_view>(std::move(lower_text), true, store_);
    made.upper_texts = bound_list<std::string_view>(std::move(upper_text), false, store_);
}

void clause_plane::answer(const_rule_bits alive, std::span<truth> answers,
                          expression::evaluation_context& context, plane_answer& into) const
{
    store_.add_to(into.holds, without_clause_);
    for (const auto& asked : families_) {
        const auto& simple = *conditions_.predicates().at(asked.one).simple;
        answer_family(asked, context.slots[simple.slot], into);
    }
    for (const auto& asked : shared_) {
        auto& known = answers[asked.id];
        if (known == truth::unknown) {
            if (asked.is_dear && !store_.meets(alive, asked.either)) continue;
            known = conditions_.predicates().decide(asked.id, context);
        }
        if (known == truth::yes) {
            store_.add_to(into.holds, asked.when_true);
        } else if (known == truth::no) {
            store_.add_to(into.holds, asked.when_false);
        } else {
            fail(known, asked.either, into);
        }
    }
}

void clause_plane::answer_family(const family& asked, const value& slot, plane_answer& into) const
{
    const auto& simple = *conditions_.predicates().at(asked.one).simple;
    const bool replaced = simple.fallback && (slot.is_null() || slot.is_absent());
    const auto& v = replaced ? *simple.fallback : slot;
    if (v.is_error()) return fail(truth_of(v), asked.rules, into);
    switch (asked.how) {
        case lookup::equality:
            asked.table->find(v, [&](const posting& rules) { store_.add_to(into.holds, rules); });
            return;
        case lookup::number_bound:
            if (!v.is_number()) break;
            asked.lower_numbers.add_holding(number_of(v), store_, into.holds);
            asked.upper_numbers.add_holding(number_of(v), store_, into.holds);
            return;
        case lookup::text_bound:
            if (!v.is(value_kind::string)) break;
            asked.lower_texts.add_holding(v.text(), store_, into.holds);
            asked.upper_texts.add_holding(v.text(), store_, into.holds);
            return;
        default:
            if (!v.is(value_kind::string)) break;
            asked.affixes.add_holding(v.text(), store_, into.holds);
            return;
    }
    fail(truth_of(expression::apply(simple, v)), asked.rules, into);
}

void clause_plane::fail(truth how, const posting& rules, plane_answer& into) const
{
    into.has_errors = true;
    store_.add_to(how == truth::absent ? into.absent : into.error, rules);
}

}  // namespace sluice::rules
