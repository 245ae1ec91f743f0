#include "rules/expression/conjuncts.hpp"

#include <algorithm>

#include "rules/expression/code/code.hpp"
#include "rules/expression/code/operators.hpp"
#include "rules/expression/compare.hpp"

namespace sluice::rules::expression {

namespace {

bool is_plain_path(const node& at)
{
    return at.kind == node_kind::path && !at.presence &&
           std::none_of(at.path.begin(), at.path.end(),
                        [](const auto& step) { return step.optional; });
}

// The left side of a predicate: a path, or default(path, constant).
bool take_path(const node& at, simple_predicate& into)
{
    if (is_plain_path(at)) {
        into.path = &at;
        into.slot = at.slot;
        return true;
    }
    if (at.kind != node_kind::macro || at.macro != macro_kind::default_value) return false;
    const auto& fallback = *at.children[1];
    if (!is_plain_path(*at.children[0]) || !fallback.is_literal() ||
        fallback.constant.is(value_kind::optional)) {
        return false;
    }
    into.path = at.children[0].get();
    into.slot = into.path->slot;
    into.fallback = fallback.constant;
    return true;
}

std::optional<predicate_operator> relation_of(operator_kind op)
{
    switch (op) {
        case operator_kind::equal:
            return predicate_operator::equal;
        case operator_kind::not_equal:
            return predicate_operator::not_equal;
        case operator_kind::less:
            return predicate_operator::less;
        case operator_kind::less_equal:
            return predicate_operator::less_equal;
        case operator_kind::greater:
            return predicate_operator::greater;
        case operator_kind::greater_equal:
            return predicate_operator::greater_equal;
        case operator_kind::in:
            return predicate_operator::in;
        default:
            return std::nullopt;
    }
}

predicate_operator turned(predicate_operator op)
{
    switch (op) {
        case predicate_operator::less:
            return predicate_operator::greater;
        case predicate_operator::less_equal:
            return predicate_operator::greater_equal;
        case predicate_operator::greater:
            return predicate_operator::less;
        case predicate_operator::greater_equal:
            return predicate_operator::less_equal;
        default:
            return op;
    }
}

std::optional<simple_predicate> from_operator(const node& at)
{
    const auto op = relation_of(at.op);
    if (!op) return std::nullopt;
    simple_predicate made;
    made.op = *op;
    const auto &left = *at.children[0], &right = *at.children[1];
    if (right.is_literal() && take_path(left, made)) {
        const bool container =
            right.constant.is(value_kind::list) || right.constant.is(value_kind::map);
        if (made.op == predicate_operator::in && !container) return std::nullopt;
        made.constant = right.constant;
        return made;
    }
    if (made.op != predicate_operator::in && left.is_literal() && take_path(right, made)) {
        made.constant = left.constant;
        made.op = turned(made.op);
        return made;
    }
    return std::nullopt;
}

std::optional<simple_predicate> from_method(const node& at)
{
    if (at.children.size() != 2 || !at.children[1]->is_literal() ||
        !at.children[1]->constant.is(value_kind::string)) {
        return std::nullopt;
    }
    simple_predicate made;
    if (at.name == "startsWith") {
        made.op = predicate_operator::starts_with;
    } else if (at.name == "endsWith") {
        made.op = predicate_operator::ends_with;
    } else if (at.name == "contains") {
        made.op = predicate_operator::contains;
    } else if (at.name == "matches") {
        made.op = predicate_operator::matches;
    } else {
        return std::nullopt;
    }
    if (!take_path(*at.children[0], made)) return std::nullopt;
    made.constant = at.children[1]->constant;
    return made;
}

value test_text(predicate_operator op, const value& text, const value& constant)
{
    if (!text.is(value_kind::string)) return no_overload(text);
    switch (op) {
        case predicate_operator::starts_with:
            return value::from_bool(text.text().starts_with(constant.text()));
        case predicate_operator::ends_with:
            return value::from_bool(text.text().ends_with(constant.text()));
        default:
            return value::from_bool(text.text().find(constant.text()) != std::string_view::npos);
    }
}

value test_presence(const simple_predicate& predicate, const value& slot)
{
    if (!slot.is_error() || !slot.is_absent_path()) return value::from_bool(true);
    const bool only_last = !slot.absent_on_scalar() && predicate.path != nullptr &&
                           slot.absent_steps_found() + 1 == predicate.path->path.size();
    return only_last ? value::from_bool(false) : slot;
}

operator_kind operator_of(predicate_operator op)
{
    return static_cast<operator_kind>(static_cast<int>(operator_kind::equal) +
                                      static_cast<int>(op));
}
static_assert(static_cast<int>(operator_kind::in) - static_cast<int>(operator_kind::equal) ==
              static_cast<int>(predicate_operator::in));

}  // namespace

std::vector<const node*> conjuncts_of(const node& condition)
{
    if (!condition.is_operator(operator_kind::logical_and)) return {&condition};
    std::vector<const node*> parts;
    for (const auto& child : condition.children) {
        const auto inner = conjuncts_of(*child);
        parts.insert(parts.end(), inner.begin(), inner.end());
    }
    return parts;
}

std::optional<simple_predicate> as_simple_predicate(const node& condition)
{
    if (condition.kind == node_kind::call && condition.op != operator_kind::none)
        return from_operator(condition);
    if (condition.kind == node_kind::method) return from_method(condition);
    simple_predicate made;
    if (condition.kind == node_kind::path && condition.presence) {
        made.op = predicate_operator::present;
        made.path = &condition;
        made.slot = condition.slot;
        return made;
    }
    made.op = predicate_operator::is_true;
    made.constant = value::from_bool(true);
    if (take_path(condition, made)) return made;
    return std::nullopt;
}

value apply(const simple_predicate& predicate, const value& slot)
{
    if (predicate.op == predicate_operator::present) return test_presence(predicate, slot);
    const bool replaced = predicate.fallback && (slot.is_null() || slot.is_absent());
    const auto& v = replaced ? *predicate.fallback : slot;
    if (v.is_error()) return v;
    switch (predicate.op) {
        case predicate_operator::starts_with:
        case predicate_operator::ends_with:
        case predicate_operator::contains:
            return test_text(predicate.op, v, predicate.constant);
        case predicate_operator::is_true:
            return v.is(value_kind::boolean) ? v : no_overload(v);
        case predicate_operator::matches:
            return no_overload(value::from_bool(true));
        default:
            return relate(operator_of(predicate.op), v, predicate.constant);
    }
}

}  // namespace sluice::rules::expression
