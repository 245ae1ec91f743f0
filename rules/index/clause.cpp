#include "rules/index/clause.hpp"

#include <algorithm>
#include <cmath>

#include "rules/expression/typed_json.hpp"
#include "rules/index/value_table.hpp"

namespace sluice::rules {
namespace {

using expression::predicate_operator;
using expression::value;
using expression::value_kind;

/// Below this every integer is a double of its own, so that bounds can be sorted as doubles.
constexpr double exact_number_max = 9007199254740992.0;

bool is_exact(const value& number)
{
    switch (number.kind()) {
        case value_kind::integer:
            return std::abs(static_cast<double>(number.as_int())) < exact_number_max;
        case value_kind::unsigned_integer:
            return static_cast<double>(number.as_uint()) < exact_number_max;
        case value_kind::floating:
            return std::abs(number.as_double()) < exact_number_max;  // not for NaN
        default:
            return false;
    }
}

bool can_hash(const value& constant, predicate_operator op)
{
    if (op == predicate_operator::equal) return value_table::takes(constant);
    if (!constant.is(value_kind::list) || constant.is_raw()) return false;
    return std::ranges::all_of(constant.items(), value_table::takes);
}

std::string text_of_fallback(const value& fallback)
{
    std::string text = std::to_string(static_cast<int>(fallback.kind())) + ' ';
    expression::write_typed_json(fallback, text);
    return text;
}

}  // namespace

lookup lookup_of(const predicate& p)
{
    if (!p.simple || p.how == predicate::test::compare) return lookup::none;
    const auto& constant = p.simple->constant;
    switch (p.simple->op) {
        case predicate_operator::equal:
        case predicate_operator::in:
            return can_hash(constant, p.simple->op) ? lookup::equality : lookup::none;
        case predicate_operator::less:
        case predicate_operator::less_equal:
        case predicate_operator::greater:
        case predicate_operator::greater_equal:
            if (constant.is(value_kind::string)) return lookup::text_bound;
            return is_exact(constant) ? lookup::number_bound : lookup::none;
        case predicate_operator::starts_with:
            return lookup::prefix;
        case predicate_operator::ends_with:
            return lookup::suffix;
        default:
            return lookup::none;
    }
}

family_key family_of(const predicate& p)
{
    return {lookup_of(p), p.simple->slot,
            p.simple->fallback ? text_of_fallback(*p.simple->fallback) : std::string{}};
}

clause_maker::clause_maker(const condition_table& conditions, std::span<const condition_id> rules)
    : conditions_(conditions), uses_(conditions.predicates().size())
{
    for (const auto rule : rules) {
        for (const auto& [id, ignored] : conditions.predicates_of(rule)) ++uses_[id];
    }
    for (predicate_id id = 0; id < uses_.size(); ++id) {
        const auto& p = conditions.predicates().at(id);
        if (uses_[id] > 0 && lookup_of(p) != lookup::none) families_[family_of(p)].insert(id);
    }
}

lookup clause_maker::lookup_for(const literal& l) const
{
    const auto how = lookup_of(conditions_.predicates().at(l.predicate));
    if (how != lookup::none && !l.is_negative) return how;
    return uses_[l.predicate] >= shared_min ? lookup::decided : lookup::none;
}

clause_list clause_maker::clauses_of(condition_id rule) const
{
    clause_list made;
    made.is_complete = collect(rule, false, made.clauses);
    std::ranges::stable_sort(made.clauses, {}, &clause::chance);
    return made;
}

/// Adds what must hold for `id` to hold (or, negative, not to hold). False when that is not all.
bool clause_maker::collect(condition_id id, bool is_negative, std::vector<clause>& into) const
{
    using kind = condition_table::kind;
    const auto& part = conditions_.at(id);
    if (part.what == kind::always) {
        if (is_negative) into.push_back({.literals = {}, .chance = 0});
        return true;
    }
    if (part.what == kind::predicate) {
        const literal l{part.predicate, is_negative};
        if (lookup_for(l) == lookup::none) return false;
        into.push_back({.literals = {l}, .chance = chance_of(l)});
        return true;
    }
    const auto children = conditions_.children(part);
    const bool child_negative = is_negative != (part.what == kind::none);
    const bool all_must_hold = (part.what == kind::any) == is_negative;
    if (!all_must_hold) return collect_any(children, child_negative, into);
    bool is_complete = true;
    for (const auto child : children) {
        is_complete = collect(child, child_negative, into) && is_complete;
    }
    return is_complete;
}

bool clause_maker::collect_any(std::span<const condition_id> children, bool is_negative,
                               std::vector<clause>& into) const
{
    clause united{.literals = {}, .chance = 0};
    bool is_complete = true;
    for (const auto child : children) {
        std::vector<clause> inside;
        const bool says_all = collect(child, is_negative, inside);
        if (inside.empty()) return says_all;  // true for every event, or unknown to the index
        is_complete = is_complete && says_all && inside.size() == 1;
        const auto& best = *std::ranges::min_element(inside, {}, &clause::chance);
        united.literals.insert(united.literals.end(), best.literals.begin(), best.literals.end());
        united.chance = std::min(1.0, united.chance + best.chance);
        if (united.literals.size() > literals_max) return false;
    }
    into.push_back(std::move(united));
    return is_complete;
}

double clause_maker::chance_of(const literal& l) const
{
    const auto& p = conditions_.predicates().at(l.predicate);
    const auto how = lookup_for(l);
    if (how == lookup::decided) return l.is_negative ? 0.8 : 0.5;
    if (how == lookup::number_bound || how == lookup::text_bound) return 0.45;
    const auto found = families_.find(family_of(p));
    const auto others = found == families_.end() ? 1.0 : static_cast<double>(found->second.size());
    const bool is_list = how == lookup::equality && p.simple->op == predicate_operator::in;
    const auto keys = is_list ? static_cast<double>(p.simple->constant.items().size()) : 1.0;
    return std::min(0.4, keys / (others + 1));
}

}  // namespace sluice::rules
