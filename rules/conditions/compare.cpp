#include "rules/conditions/compare.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "rules/definition/condition_reader.hpp"
#include "rules/event_arena.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

bool is_container(const value& v)
{
    return v.is(value_kind::list) || v.is(value_kind::map);
}

double number_of(const value& v)
{
    if (v.is(value_kind::integer)) return static_cast<double>(v.as_int());
    if (v.is(value_kind::unsigned_integer)) return static_cast<double>(v.as_uint());
    return v.as_double();
}

/// JavaScript's text of a value.
std::string text_of(const value& v, event_arena& arena)
{
    switch (v.kind()) {
        case value_kind::string:
            return std::string{v.text()};
        case value_kind::boolean:
            return v.as_bool() ? "true" : "false";
        case value_kind::integer:
            return std::to_string(v.as_int());
        case value_kind::unsigned_integer:
            return std::to_string(v.as_uint());
        case value_kind::floating: {
            std::string out;
            expression::append_double(v.as_double(), out);
            return out;
        }
        case value_kind::map:
            return "[object Object]";
        case value_kind::list: {
            std::string out;
            const auto list = expression::decode_json(v, arena);
            for (std::size_t i = 0; i < list.items().size(); ++i) {
                if (i != 0) out += ',';
                const auto& item = list.items()[i];
                if (!item.is_null()) out += text_of(item, arena);
            }
            return out;
        }
        default:
            return "null";
    }
}

std::string_view trimmed(std::string_view text)
{
    const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// JavaScript's Number(text).
double number_from_text(std::string_view text)
{
    text = trimmed(text);
    if (text.empty()) return 0;
    if (text.size() > 2 && text[0] == '0') {
        const char letter = static_cast<char>(text[1] | 0x20);
        const int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
        if (base != 0) {
            std::uint64_t number = 0;
            const auto* end = text.data() + text.size();
            const auto read = std::from_chars(text.data() + 2, end, number, base);
            return read.ec == std::errc{} && read.ptr == end ? static_cast<double>(number)
                                                             : not_a_number;
        }
    }
    double sign = 1;
    if (text[0] == '+' || text[0] == '-') {
        sign = text[0] == '-' ? -1 : 1;
        text.remove_prefix(1);
    }
    if (text == "Infinity") return sign * std::numeric_limits<double>::infinity();
    if (text.empty() || !((text[0] >= '0' && text[0] <= '9') || text[0] == '.'))
        return not_a_number;
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end ? sign * number : not_a_number;
}

/// The operand as JavaScript's == sees it once one side is a number.
double loose_number(const value& v, event_arena& arena)
{
    if (v.is_number()) return number_of(v);
    if (v.is(value_kind::boolean)) return v.as_bool() ? 1 : 0;
    if (v.is(value_kind::string)) return number_from_text(v.text());
    return number_from_text(text_of(v, arena));
}

std::string lower(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    auto left = static_cast<utf8proc_ssize_t>(text.size());
    while (left > 0) {
        utf8proc_int32_t code = 0;
        const auto read = utf8proc_iterate(at, left, &code);
        if (read <= 0) break;
        utf8proc_uint8_t bytes[4];
        const auto written = utf8proc_encode_char(utf8proc_tolower(code), bytes);
        out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(written));
        at += read;
        left -= read;
    }
    return out;
}

bool loosely_equal(const value& left, const value& right, bool ignore_case, event_arena& arena)
{
    if (left.is_null() || right.is_null()) return left.is_null() && right.is_null();
    if (is_container(left) && is_container(right))
        return false;  // two objects, never one and the same
    const bool is_text = (left.is(value_kind::string) || is_container(left)) &&
                         (right.is(value_kind::string) || is_container(right));
    if (!is_text) return loose_number(left, arena) == loose_number(right, arena);
    if (left.is(value_kind::string) && right.is(value_kind::string)) {
        return ignore_case ? lower(left.text()) == lower(right.text())
                           : left.text() == right.text();
    }
    return text_of(left, arena) == text_of(right, arena);
}

/// What the text operators accept.
bool is_text_like(const value& v)
{
    return v.is(value_kind::string) || (v.is_number() && std::isfinite(number_of(v)));
}

/// The operand of an ordering: finite, or nothing.
std::optional<double> order_number(const value& v)
{
    double number = not_a_number;
    if (v.is_number()) number = number_of(v);
    if (v.is(value_kind::string)) number = number_from_text(v.text());
    if (!std::isfinite(number)) return std::nullopt;
    return number;
}

bool is_truthy(const value& v)
{
    if (v.is_null()) return false;
    if (v.is(value_kind::boolean)) return v.as_bool();
    if (v.is_number()) return number_of(v) != 0 && !std::isnan(number_of(v));
    if (v.is(value_kind::string)) return !v.text().empty();
    return true;
}

}  // namespace

std::optional<compare_operator> compare_operator_named(std::string_view name)
{
    const auto names = compare_operators();
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<compare_operator>(found - names.begin());
}

std::optional<std::string> comparison::set_pattern(std::string_view pattern)
{
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!ignore_case_);
    auto made =
        std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!made->ok()) return made->error();
    pattern_ = std::move(made);
    return std::nullopt;
}

bool comparison::holds(const value& left, const value& right) const
{
    using enum compare_operator;
    event_arena arena(256);  // takes memory only for lists
    switch (op_) {
        case equals:
            return loosely_equal(left, right, ignore_case_, arena);
        case does_not_equal:
            return !loosely_equal(left, right, ignore_case_, arena);
        case is_true:
            return left.is_true();
        case is_false:
            return left.is_false();
        case is_truthy:
            return rules::is_truthy(left);
        case is_falsy:
            return !rules::is_truthy(left);
        case less_than:
        case less_than_or_equal:
        case greater_than:
        case greater_than_or_equal: {
            const auto a = order_number(left);
            const auto b = order_number(right);
            if (!a || !b) return false;
            if (op_ == less_than) return *a < *b;
            if (op_ == less_than_or_equal) return *a <= *b;
            return op_ == greater_than ? *a > *b : *a >= *b;
        }
        default:
            return text_holds(left, right);
    }
}

bool comparison::text_holds(const value& left, const value& right) const
{
    using enum compare_operator;
    const bool is_negative = op_ == does_not_contain || op_ == does_not_start_with ||
                             op_ == does_not_end_with || op_ == does_not_match_regex;
    if (!is_text_like(left) || !is_text_like(right)) return is_negative;
    event_arena arena(256);
    std::string left_made, right_made;
    std::string_view a = left.text(), b = right.text();
    if (!left.is(value_kind::string)) a = left_made = text_of(left, arena);
    if (!right.is(value_kind::string)) b = right_made = text_of(right, arena);
    bool holds = false;
    if (needs_pattern()) {
        holds = pattern_ && re2::RE2::PartialMatch(re2::StringPiece(a.data(), a.size()), *pattern_);
        return holds != is_negative;
    }
    if (ignore_case_) {
        a = left_made = lower(a);
        b = right_made = lower(b);
    }
    if (op_ == contains || op_ == does_not_contain) {
        holds = a.find(b) != std::string_view::npos;
    } else if (op_ == starts_with || op_ == does_not_start_with) {
        holds = a.starts_with(b);
    } else {
        holds = a.ends_with(b);
    }
    return holds != is_negative;
}

}  // namespace sluice::rules
