// The part of checker.hpp that types operators: which kinds they take and what they give.
#include <algorithm>
#include <optional>

#include "config/diagnostic.hpp"
#include "rules/expression/code/checker.hpp"
#include "rules/expression/printer.hpp"

namespace sluice::rules::expression {

namespace {

bool is_number_kind(value_kind kind)
{
    return kind >= value_kind::integer && kind <= value_kind::floating;
}

bool is_ordered_kind(value_kind kind)
{
    return is_number_kind(kind) || kind == value_kind::string || kind == value_kind::bytes ||
           kind == value_kind::boolean || kind == value_kind::timestamp ||
           kind == value_kind::duration;
}

value_kind common_type(value_kind a, value_kind b)
{
    return a == b ? a : value_kind::any;
}

std::string text_of(value_kind kind)
{
    return std::string(type_name(kind));
}

std::string kinds_of(const node& shown)
{
    return shown.type == value_kind::any ? kinds_text(shown.kinds()) : text_of(shown.type);
}

// Some pair of the kinds that both sides may have satisfies `fits`.
template <class Test>
bool any_pair(const node& left, const node& right, Test fits)
{
    if (left.kinds() == every_kind || right.kinds() == every_kind) return true;
    constexpr auto last = static_cast<int>(value_kind::cidr);
    for (int l = static_cast<int>(value_kind::null); l <= last; ++l) {
        if (!has_kind(left.kinds(), static_cast<value_kind>(l))) continue;
        for (int r = static_cast<int>(value_kind::null); r <= last; ++r) {
            if (has_kind(right.kinds(), static_cast<value_kind>(r)) &&
                fits(static_cast<value_kind>(l), static_cast<value_kind>(r))) {
                return true;
            }
        }
    }
    return false;
}

bool are_alike(value_kind left, value_kind right)
{
    return left == right || (is_number_kind(left) && is_number_kind(right));
}

bool is_time(value_kind kind)
{
    return kind == value_kind::timestamp || kind == value_kind::duration;
}

// What `left op right` gives; nothing when there is no such operation.
std::optional<value_kind> arithmetic_type(operator_kind op, value_kind left, value_kind right)
{
    if (is_number_kind(left) && is_number_kind(right)) {
        const bool floating = left == value_kind::floating || right == value_kind::floating;
        if (floating && op == operator_kind::modulo) return std::nullopt;
        return floating ? value_kind::floating : common_type(left, right);
    }
    const bool joins =
        left == value_kind::string || left == value_kind::bytes || left == value_kind::list;
    if (op == operator_kind::add && left == right && joins) return left;
    if (!is_time(left) || !is_time(right)) return std::nullopt;
    if (op != operator_kind::add && op != operator_kind::subtract) return std::nullopt;
    if (left == right) {
        const bool adds_instants = left == value_kind::timestamp && op == operator_kind::add;
        if (adds_instants) return std::nullopt;
        return value_kind::duration;
    }
    if (left == value_kind::timestamp || op == operator_kind::add) return value_kind::timestamp;
    return std::nullopt;
}

}  // namespace

void checker::check_boolean(const node& operand, std::string_view where)
{
    if (has_kind(operand.kinds(), value_kind::boolean)) return;
    report(operand.position, std::string(where) + " must be bool, not " + kinds_of(operand),
           "compare it with something, for example with == or >");
}

void checker::visit_operator(node& at)
{
    const auto text = "an operand of '" + std::string(operator_text(at.op)) + "'";
    switch (at.op) {
        case operator_kind::logical_and:
        case operator_kind::logical_or:
        case operator_kind::logical_not:
            for (const auto& child : at.children) check_boolean(*child, text);
            at.type = value_kind::boolean;
            return;
        case operator_kind::conditional:
            check_boolean(*at.children[0], "the condition of '?:'");
            at.type = common_type(at.children[1]->type, at.children[2]->type);
            type_alternatives(at, 1);
            return;
        case operator_kind::negate: {
            const auto operand = at.children[0]->type;
            const auto kinds = at.children[0]->kinds();
            if (!has_kind(kinds, value_kind::integer) && !has_kind(kinds, value_kind::floating)) {
                report(at.position, "'-' does not work on " + kinds_of(*at.children[0]));
            }
            at.type = operand;
            return;
        }
        default:
            break;
    }
    if (at.op >= operator_kind::add) {
        check_arithmetic(at);
    } else {
        check_relation(at);
        at.type = value_kind::boolean;
    }
}

// A constant text that the schema's `enum` does not have; empty when it may be equal.
std::string checker::problem_of_enum(const node& one, const node& other) const
{
    if (one.shape == nullptr || one.shape->texts.empty()) return {};
    if (!other.is_literal() || !other.constant.is(value_kind::string)) return {};
    const auto& texts = one.shape->texts;
    if (std::find(texts.begin(), texts.end(), other.constant.text()) != texts.end()) return {};
    const auto near = config::nearest_name(other.constant.text(), {texts.begin(), texts.end()});
    if (!near.empty()) return "did you mean '" + std::string(near) + "'?";
    std::string hint;
    for (const auto& text : texts) hint += (hint.empty() ? "it may be '" : ", '") + text + "'";
    return hint;
}

// `x in [a, b]`: mixed lists are fine as long as one element can be equal.
void checker::check_membership(const node& left, const node& right)
{
    if (right.kind != node_kind::list || right.children.empty() || left.is_literal()) return;
    const auto can_match = [&](const node_ptr& item) { return any_pair(left, *item, are_alike); };
    if (std::none_of(right.children.begin(), right.children.end(), can_match)) {
        const auto& item = *right.children[0];
        report(item.position, kinds_of(left) + " and " + kinds_of(item) + " are never equal",
               "convert one side, for example with string() or int()");
        return;
    }
    for (const auto& item : right.children) {
        if (const auto hint = problem_of_enum(left, *item); !hint.empty()) {
            report(item->position, to_text(left) + " is never " + to_text(*item) + " by the schema",
                   hint);
        }
    }
}

void checker::check_relation(node& at)
{
    const auto& left = *at.children[0];
    const auto& right = *at.children[1];
    if (at.op == operator_kind::in) {
        if (!has_kind(right.kinds(), value_kind::list) &&
            !has_kind(right.kinds(), value_kind::map)) {
            report(at.position, "'in' needs a list or a map on its right, not " + kinds_of(right));
        }
        check_membership(left, right);
        return;
    }
    if (at.op == operator_kind::equal || at.op == operator_kind::not_equal) {
        for (const auto* pair : {&left, &right}) {
            const auto& other = pair == &left ? right : left;
            if (const auto hint = problem_of_enum(*pair, other); !hint.empty()) {
                report(other.position,
                       to_text(*pair) + " is never " + to_text(other) + " by the schema", hint);
                return;
            }
        }
        if (left.type == value_kind::null || right.type == value_kind::null) return;
        if (any_pair(left, right, are_alike)) return;
        report(at.position, kinds_of(left) + " and " + kinds_of(right) + " are never equal",
               "convert one side, for example with string() or int()");
        return;
    }
    const auto has_order = [](value_kind l, value_kind r) {
        return are_alike(l, r) && is_ordered_kind(l);
    };
    if (any_pair(left, right, has_order)) return;
    report(at.position, kinds_of(left) + " and " + kinds_of(right) + " have no order",
           "convert one side, for example with double() or timestamp()");
}

void checker::check_arithmetic(node& at)
{
    const auto& left = *at.children[0];
    const auto& right = *at.children[1];
    const auto fits = [&](value_kind l, value_kind r) {
        return arithmetic_type(at.op, l, r).has_value();
    };
    if (left.type != value_kind::any && right.type != value_kind::any) {
        if (const auto given = arithmetic_type(at.op, left.type, right.type)) {
            at.type = *given;
            return;
        }
    } else if (any_pair(left, right, fits)) {
        return;
    }
    const auto text = mask_of(value_kind::string);
    report(at.position,
           "'" + std::string(operator_text(at.op)) + "' does not work on " + kinds_of(left) +
               " and " + kinds_of(right),
           left.kinds() == text || right.kinds() == text ? "convert the other side with string()"
                                                         : "");
}

}  // namespace sluice::rules::expression
