// The part of checker.hpp that types operators: which kinds they take and what they give.
#include "rules/expression/code/checker.hpp"

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

}  // namespace

void checker::check_boolean(const node& operand, std::string_view where)
{
    if (operand.type == value_kind::any || operand.type == value_kind::boolean) return;
    report(operand.position, std::string(where) + " must be bool, not " + text_of(operand.type));
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
            return;
        case operator_kind::negate: {
            const auto operand = at.children[0]->type;
            if (operand != value_kind::any && operand != value_kind::integer &&
                operand != value_kind::floating) {
                report(at.position, "'-' does not work on " + text_of(operand));
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

void checker::check_relation(node& at)
{
    const auto left = at.children[0]->type, right = at.children[1]->type;
    if (at.op == operator_kind::in) {
        if (right != value_kind::any && right != value_kind::list && right != value_kind::map) {
            report(at.position, "'in' needs a list or a map on its right, not " + text_of(right));
        }
        return;
    }
    if (left == value_kind::any || right == value_kind::any) return;
    const bool alike = left == right || (is_number_kind(left) && is_number_kind(right));
    if (at.op == operator_kind::equal || at.op == operator_kind::not_equal) {
        if (alike || left == value_kind::null || right == value_kind::null) return;
        report(at.position, text_of(left) + " and " + text_of(right) + " are never equal",
               "convert one side, for example with string() or int()");
        return;
    }
    if (!alike || !is_ordered_kind(left)) {
        report(at.position, text_of(left) + " and " + text_of(right) + " have no order",
               "convert one side, for example with double() or timestamp()");
    }
}

void checker::check_arithmetic(node& at)
{
    const auto left = at.children[0]->type, right = at.children[1]->type;
    if (left == value_kind::any || right == value_kind::any) return;
    const auto is_time = [](value_kind k) {
        return k == value_kind::timestamp || k == value_kind::duration;
    };
    if (is_number_kind(left) && is_number_kind(right)) {
        const bool floating = left == value_kind::floating || right == value_kind::floating;
        if (!floating || at.op != operator_kind::modulo) {
            at.type = floating ? value_kind::floating : common_type(left, right);
            return;
        }
    }
    const bool joins =
        left == value_kind::string || left == value_kind::bytes || left == value_kind::list;
    if (at.op == operator_kind::add && left == right && joins) {
        at.type = left;
        return;
    }
    if (is_time(left) && is_time(right) &&
        (at.op == operator_kind::add || at.op == operator_kind::subtract)) {
        if (left == right) {
            const bool differs = left == value_kind::timestamp && at.op == operator_kind::add;
            at.type = value_kind::duration;
            if (!differs) return;
        } else if (left == value_kind::timestamp || at.op == operator_kind::add) {
            at.type = value_kind::timestamp;
            return;
        }
    }
    report(at.position,
           "'" + std::string(operator_text(at.op)) + "' does not work on " + text_of(left) +
               " and " + text_of(right),
           left == value_kind::string || right == value_kind::string
               ? "convert the other side with string()"
               : "");
}

}  // namespace sluice::rules::expression
