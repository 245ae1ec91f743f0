#pragma once
// The 18 comparison operators of rules carried over from Adobe's event forwarding, with their
// JavaScript coercions. Pure; a comparison is immutable and shared by threads. Nothing is allocated
// for text and numbers; lists compared as text build a string.

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rules/expression/value.hpp"

namespace sluice::rules {

enum class compare_operator : std::uint8_t {
    equals,
    does_not_equal,
    contains,
    does_not_contain,
    starts_with,
    does_not_start_with,
    ends_with,
    does_not_end_with,
    matches_regex,
    does_not_match_regex,
    less_than,
    less_than_or_equal,
    greater_than,
    greater_than_or_equal,
    is_true,
    is_false,
    is_truthy,
    is_falsy,
};

/// By the name users write, such as `doesNotContain`.
[[nodiscard]] std::optional<compare_operator> compare_operator_named(std::string_view name);

class comparison {
public:
    comparison(compare_operator op, bool ignore_case) : op_(op), ignore_case_(ignore_case) {}

    /// For the two regular expression operators; the error text when the pattern is bad.
    [[nodiscard]] std::optional<std::string> set_pattern(std::string_view pattern);
    [[nodiscard]] bool needs_pattern() const
    {
        return op_ == compare_operator::matches_regex ||
               op_ == compare_operator::does_not_match_regex;
    }
    [[nodiscard]] bool is_unary() const { return op_ >= compare_operator::is_true; }

    /// Neither operand is an error; absent ones count as null.
    [[nodiscard]] bool holds(const expression::value& left, const expression::value& right) const;

private:
    [[nodiscard]] bool text_holds(const expression::value& left,
                                  const expression::value& right) const;

    compare_operator op_;
    bool ignore_case_;
    std::shared_ptr<const re2::RE2> pattern_;
};

}  // namespace sluice::rules
