#include "rules/conditions/predicate_table.hpp"

#include <algorithm>

namespace sluice::rules {
namespace {

using expression::predicate_operator;
using expression::simple_predicate;
using expression::value;
using expression::value_kind;

truth of_bool(bool b)
{
    return b ? truth::yes : truth::no;
}

bool order_holds(predicate_operator op, std::int64_t a, std::int64_t b)
{
    switch (op) {
        case predicate_operator::equal:
            return a == b;
        case predicate_operator::not_equal:
            return a != b;
        case predicate_operator::less:
            return a < b;
        case predicate_operator::less_equal:
            return a <= b;
        case predicate_operator::greater:
            return a > b;
        default:
            return a >= b;
    }
}

const value& operand_of(const simple_predicate& simple, const value& slot)
{
    if (simple.fallback && (slot.is_null() || slot.is_absent())) return *simple.fallback;
    return slot;
}

bool is_text_test(predicate::test how)
{
    return how == predicate::test::starts_with || how == predicate::test::ends_with ||
           how == predicate::test::contains;
}

truth text_test(const predicate& p, const value& v)
{
    const auto wanted = p.simple->constant.text();
    if (p.how == predicate::test::starts_with) return of_bool(v.text().starts_with(wanted));
    if (p.how == predicate::test::ends_with) return of_bool(v.text().ends_with(wanted));
    return of_bool(v.text().find(wanted) != std::string_view::npos);
}

/// The decision by the slot alone, or unknown when the general way must be taken.
truth quick(const predicate& p, const value& v)
{
    switch (p.how) {
        case predicate::test::equal_text:
            if (v.is(value_kind::string)) return of_bool(v.text() == p.simple->constant.text());
            return v.is_error() ? truth_of(v) : truth::no;
        case predicate::test::not_equal_text:
            if (v.is(value_kind::string)) return of_bool(v.text() != p.simple->constant.text());
            return v.is_error() ? truth_of(v) : truth::yes;
        case predicate::test::in_texts:
            if (v.is(value_kind::string)) return of_bool(p.texts.contains(v.text()));
            return v.is_error() ? truth_of(v) : truth::no;
        case predicate::test::order_integer:
            if (!v.is(value_kind::integer)) return truth::unknown;
            return of_bool(order_holds(p.simple->op, v.as_int(), p.simple->constant.as_int()));
        case predicate::test::is_true:
            return v.is(value_kind::boolean) ? of_bool(v.as_bool()) : truth::unknown;
        default:
            return is_text_test(p.how) && v.is(value_kind::string) ? text_test(p, v)
                                                                   : truth::unknown;
    }
}

value compare_value(const predicate& p, expression::evaluation_context& context)
{
    auto left = p.code.evaluate(context);
    if (left.is_absent()) left = value::null();
    auto right = p.right ? p.right->evaluate(context) : p.right_constant;
    if (right.is_absent()) right = value::null();
    if (left.is_error()) return left;
    if (right.is_error()) return right;
    return value::from_bool(p.compared->holds(left, right));
}

}  // namespace

truth truth_of(const value& answer)
{
    if (answer.is(value_kind::boolean)) return of_bool(answer.as_bool());
    if (answer.is_error()) return answer.is_absent() ? truth::absent : truth::error;
    return answer.is_null() ? truth::absent : truth::error;
}

std::optional<predicate_id> predicate_table::find(const std::string& key) const
{
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return std::nullopt;
    return found->second;
}

predicate_id predicate_table::add(std::string key, predicate made)
{
    const auto id = static_cast<predicate_id>(entries_.size());
    entries_.push_back(std::move(made));
    by_key_.emplace(std::move(key), id);
    return id;
}

truth predicate_table::decide(predicate_id id, expression::evaluation_context& context) const
{
    const auto& p = entries_[id];
    if (p.how < predicate::test::code) {
        const auto& v = operand_of(*p.simple, context.slots[p.simple->slot]);
        if (const auto answer = quick(p, v); answer != truth::unknown) return answer;
        return truth_of(expression::apply(*p.simple, context.slots[p.simple->slot]));
    }
    return truth_of(evaluate(id, context));
}

value predicate_table::evaluate(predicate_id id, expression::evaluation_context& context) const
{
    const auto& p = entries_[id];
    context.begin();
    context.rule = p.rule;
    return p.how == predicate::test::compare ? compare_value(p, context) : p.code.evaluate(context);
}

void choose_test(predicate& made)
{
    made.how = predicate::test::code;
    made.cost = static_cast<std::uint32_t>(10 + made.code.static_cost() * 4);
    if (!made.simple || made.simple->op == predicate_operator::matches) return;
    const auto& simple = *made.simple;
    made.how = predicate::test::simple;
    made.cost = 3;
    if (simple.op == predicate_operator::in) {
        if (!simple.constant.is(value_kind::list) || simple.constant.is_raw()) return;
        const auto items = simple.constant.items();
        if (!std::ranges::all_of(items, [](const value& v) { return v.is(value_kind::string); }))
            return;
        for (const auto& item : items) made.texts.insert(item.text());
        made.how = predicate::test::in_texts;
        made.cost = 2;
    } else if (simple.op == predicate_operator::is_true) {
        made.how = predicate::test::is_true;
        made.cost = 1;
    } else if (simple.constant.is(value_kind::string)) {
        switch (simple.op) {
            case predicate_operator::equal:
                made.how = predicate::test::equal_text;
                break;
            case predicate_operator::not_equal:
                made.how = predicate::test::not_equal_text;
                break;
            case predicate_operator::starts_with:
                made.how = predicate::test::starts_with;
                break;
            case predicate_operator::ends_with:
                made.how = predicate::test::ends_with;
                break;
            case predicate_operator::contains:
                made.how = predicate::test::contains;
                break;
            default:
                return;
        }
        made.cost = made.how == predicate::test::contains ? 3 : 1;
    } else if (simple.constant.is(value_kind::integer) &&
               simple.op <= predicate_operator::greater_equal) {
        made.how = predicate::test::order_integer;
        made.cost = 1;
    }
}

}  // namespace sluice::rules
