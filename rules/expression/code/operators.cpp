#include "rules/expression/code/operators.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "rules/expression/compare.hpp"
#include "rules/expression/time_text.hpp"

namespace sluice::rules::expression {

namespace {

value overflow()
{
    return value::error(error_kind::overflow, "integer overflow");
}

// Exact for operands of 64 bits; the result is narrowed to what the operands allow.
value integer_result(int128 exact, bool as_int, bool as_uint)
{
    if (as_int && exact >= INT64_MIN && exact <= INT64_MAX) {
        return value::from_int(static_cast<std::int64_t>(exact));
    }
    if (as_uint && exact >= 0 && exact <= static_cast<int128>(UINT64_MAX)) {
        return value::from_uint(static_cast<std::uint64_t>(exact));
    }
    return overflow();
}

int128 wide(const value& number)
{
    return number.is(value_kind::integer) ? static_cast<int128>(number.as_int())
                                          : static_cast<int128>(number.as_uint());
}

value integer_arithmetic(operator_kind op, const value& left, const value& right)
{
    const bool signed_both = left.is(value_kind::integer) && right.is(value_kind::integer);
    const bool unsigned_both =
        left.is(value_kind::unsigned_integer) && right.is(value_kind::unsigned_integer);
    const auto a = wide(left), b = wide(right);
    int128 exact = 0;
    switch (op) {
        case operator_kind::add:
            exact = a + b;
            break;
        case operator_kind::subtract:
            exact = a - b;
            break;
        case operator_kind::multiply:
            // two 64-bit magnitudes can pass the range of a signed 128-bit product
            if (__builtin_mul_overflow(a, b, &exact)) return overflow();
            break;
        default:
            if (b == 0) {
                return value::error(error_kind::division_by_zero, op == operator_kind::divide
                                                                      ? "division by zero"
                                                                      : "modulus by zero");
            }
            if (signed_both && left.as_int() == INT64_MIN && right.as_int() == -1)
                return overflow();
            exact = op == operator_kind::divide ? a / b : a % b;
    }
    return integer_result(exact, !unsigned_both, !signed_both);
}

double as_floating(const value& number)
{
    switch (number.kind()) {
        case value_kind::integer:
            return static_cast<double>(number.as_int());
        case value_kind::unsigned_integer:
            return static_cast<double>(number.as_uint());
        default:
            return number.as_double();
    }
}

value floating_arithmetic(operator_kind op, const value& left, const value& right)
{
    const auto a = as_floating(left), b = as_floating(right);
    switch (op) {
        case operator_kind::add:
            return value::from_double(a + b);
        case operator_kind::subtract:
            return value::from_double(a - b);
        case operator_kind::multiply:
            return value::from_double(a * b);
        case operator_kind::divide:
            return value::from_double(a / b);
        default:
            return no_overload(left, right);
    }
}

value concatenate(const value& left, const value& right, evaluation_context& context)
{
    if (left.is(value_kind::list)) {
        const auto a = left.items(), b = right.items();
        if (!may_build_list(context, a.size() + b.size())) return limit_error(list_limit_text);
        const auto both = context.arena->allocate_array<value>(a.size() + b.size());
        std::copy(a.begin(), a.end(), both.begin());
        std::copy(b.begin(), b.end(), both.begin() + static_cast<std::ptrdiff_t>(a.size()));
        return value::from_list(both);
    }
    const auto a = left.text(), b = right.text();
    auto* text = build_text(context, a.size() + b.size());
    if (text == nullptr) return limit_error(text_limit_text);
    std::copy(a.begin(), a.end(), text);
    std::copy(b.begin(), b.end(), text + a.size());
    const std::string_view both(text, a.size() + b.size());
    return left.is(value_kind::string) ? value::from_string(both) : value::from_bytes(both);
}

value duration_result(int128 nanoseconds)
{
    if (nanoseconds > INT64_MAX || nanoseconds < INT64_MIN) {
        return value::error(error_kind::out_of_range, "the duration is out of range");
    }
    return value::from_duration(static_cast<std::int64_t>(nanoseconds));
}

value shifted(const value& timestamp, int128 nanoseconds)
{
    const auto total = static_cast<int128>(timestamp.seconds()) * 1'000'000'000 +
                       timestamp.nanoseconds() + nanoseconds;
    return checked_timestamp(total / 1'000'000'000,
                             static_cast<std::int64_t>(total % 1'000'000'000));
}

value time_arithmetic(operator_kind op, const value& left, const value& right)
{
    const bool adds = op == operator_kind::add;
    if (!adds && op != operator_kind::subtract) return no_overload(left, right);
    const bool left_time = left.is(value_kind::timestamp),
               right_time = right.is(value_kind::timestamp);
    if (left_time && right_time) {
        if (adds) return no_overload(left, right);
        return duration_result((static_cast<int128>(left.seconds()) - right.seconds()) *
                                   1'000'000'000 +
                               left.nanoseconds() - right.nanoseconds());
    }
    const auto right_span =
        right_time ? int128{0} : static_cast<int128>(right.duration_nanoseconds());
    if (left_time) return shifted(left, adds ? right_span : -right_span);
    if (right_time) {
        return adds ? shifted(right, left.duration_nanoseconds()) : no_overload(left, right);
    }
    const auto left_span = static_cast<int128>(left.duration_nanoseconds());
    return duration_result(adds ? left_span + right_span : left_span - right_span);
}

bool is_time(const value& v)
{
    return v.is(value_kind::timestamp) || v.is(value_kind::duration);
}

bool holds(operator_kind op, std::partial_ordering order)
{
    switch (op) {
        case operator_kind::less:
            return order < 0;
        case operator_kind::less_equal:
            return order <= 0;
        case operator_kind::greater:
            return order > 0;
        default:
            return order >= 0;
    }
}

value member_of(const value& item, const value& container)
{
    if (container.is(value_kind::list)) {
        for (const auto& candidate : container.items()) {
            if (equal(candidate, item)) return value::from_bool(true);
        }
        return value::from_bool(false);
    }
    if (container.is(value_kind::map))
        return value::from_bool(find_key(container, item) != nullptr);
    return no_overload(container);
}

class binary_code final : public code {
public:
    binary_code(operator_kind op, source_offset position, code_ptr left, code_ptr right)
        : op_(op), position_(position), left_(std::move(left)), right_(std::move(right))
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto left = left_->run(context);
        if (left.is_error()) return left;
        const auto right = right_->run(context);
        if (right.is_error()) return right;
        const auto made = op_ >= operator_kind::add ? arithmetic(op_, left, right, context)
                                                    : relate(op_, left, right);
        return made.is_error() ? made.at(position_) : made;
    }

private:
    operator_kind op_;
    source_offset position_;
    code_ptr left_, right_;
};

class not_code final : public code {
public:
    not_code(source_offset position, code_ptr operand)
        : position_(position), operand_(std::move(operand))
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto v = operand_->run(context);
        if (v.is_error()) return v;
        return v.is(value_kind::boolean) ? value::from_bool(!v.as_bool())
                                         : no_overload(v).at(position_);
    }

private:
    source_offset position_;
    code_ptr operand_;
};

class negate_code final : public code {
public:
    negate_code(source_offset position, code_ptr operand)
        : position_(position), operand_(std::move(operand))
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto v = operand_->run(context);
        if (v.is_error()) return v;
        if (v.is(value_kind::floating)) return value::from_double(-v.as_double());
        if (!v.is(value_kind::integer)) return no_overload(v).at(position_);
        if (v.as_int() == INT64_MIN) return overflow().at(position_);
        return value::from_int(-v.as_int());
    }

private:
    source_offset position_;
    code_ptr operand_;
};

class conditional_code final : public code {
public:
    conditional_code(source_offset position, code_ptr condition, code_ptr yes, code_ptr no)
        : position_(position),
          condition_(std::move(condition)),
          yes_(std::move(yes)),
          no_(std::move(no))
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto c = condition_->run(context);
        if (c.is_error()) return c;
        if (!c.is(value_kind::boolean)) return no_overload(c).at(position_);
        return (c.as_bool() ? yes_ : no_)->run(context);
    }

private:
    source_offset position_;
    code_ptr condition_, yes_, no_;
};

class logical_code final : public code {
public:
    logical_code(bool decisive, source_offset position, std::vector<code_ptr> operands,
                 const std::vector<std::int64_t>& costs)
        : decisive_(decisive), position_(position)
    {
        std::vector<std::uint32_t> order(operands.size());
        std::iota(order.begin(), order.end(), 0u);
        if (!costs.empty()) {
            std::stable_sort(order.begin(), order.end(),
                             [&](auto a, auto b) { return costs[a] < costs[b]; });
        }
        for (const auto index : order) operands_.push_back({std::move(operands[index]), index});
    }
    value run(evaluation_context& context) const override
    {
        value first_error;
        auto error_index = std::numeric_limits<std::uint32_t>::max();
        for (const auto& operand : operands_) {
            auto v = operand.step->run(context);
            if (v.is(value_kind::boolean)) {
                if (v.as_bool() == decisive_) return v;
                continue;
            }
            if (operand.index > error_index) continue;
            if (!v.is_error()) v = no_overload(v).at(position_);
            first_error = v;
            error_index = operand.index;
        }
        return first_error.is_error() ? first_error : value::from_bool(!decisive_);
    }

private:
    struct ordered {
        code_ptr step;
        std::uint32_t index;  // in the source: of several errors the leftmost counts
    };
    bool decisive_;
    source_offset position_;
    std::vector<ordered> operands_;
};

}  // namespace

value arithmetic(operator_kind op, const value& left, const value& right,
                 evaluation_context& context)
{
    if (left.is_number() && right.is_number()) {
        if (left.is(value_kind::floating) || right.is(value_kind::floating)) {
            return floating_arithmetic(op, left, right);
        }
        return integer_arithmetic(op, left, right);
    }
    const bool joins =
        left.is(value_kind::string) || left.is(value_kind::bytes) || left.is(value_kind::list);
    if (op == operator_kind::add && joins && left.kind() == right.kind()) {
        return concatenate(left, right, context);
    }
    if (is_time(left) && is_time(right)) return time_arithmetic(op, left, right);
    return no_overload(left, right);
}

value relate(operator_kind op, const value& left, const value& right)
{
    switch (op) {
        case operator_kind::equal:
            return value::from_bool(equal(left, right));
        case operator_kind::not_equal:
            return value::from_bool(!equal(left, right));
        case operator_kind::in:
            return member_of(left, right);
        default:
            break;
    }
    const auto order = compare(left, right);
    if (!order) return no_overload(left, right);
    return value::from_bool(holds(op, *order));
}

code_ptr make_binary(operator_kind op, source_offset position, code_ptr left, code_ptr right)
{
    return std::make_unique<binary_code>(op, position, std::move(left), std::move(right));
}

code_ptr make_not(source_offset position, code_ptr operand)
{
    return std::make_unique<not_code>(position, std::move(operand));
}

code_ptr make_negate(source_offset position, code_ptr operand)
{
    return std::make_unique<negate_code>(position, std::move(operand));
}

code_ptr make_conditional(source_offset position, code_ptr condition, code_ptr yes, code_ptr no)
{
    return std::make_unique<conditional_code>(position, std::move(condition), std::move(yes),
                                              std::move(no));
}

code_ptr make_logical(bool is_or, source_offset position, std::vector<code_ptr> operands,
                      std::vector<std::int64_t> costs)
{
    return std::make_unique<logical_code>(is_or, position, std::move(operands), costs);
}

}  // namespace sluice::rules::expression
