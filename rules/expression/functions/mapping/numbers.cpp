// A tabular file: its end declares functions with signatures, help and examples.
#include <charconv>
#include <cmath>

#include "rules/expression/code/operators.hpp"
#include "rules/expression/functions/support.hpp"
#include "rules/expression/json_writer.hpp"

namespace sluice::rules::expression {

namespace {

// A finite number as sign, digits and the position of the point: 0.d1d2d3… * 10^exponent.
struct decimal {
    bool negative = false;
    std::string digits;
    int exponent = 0;
};

decimal decimal_of(const value& number)
{
    char text[64];
    decimal made;
    if (number.is(value_kind::floating)) {
        const auto* end = std::to_chars(text, text + sizeof text, number.as_double(),
                                        std::chars_format::scientific)
                              .ptr;
        std::string_view shortest(text, static_cast<std::size_t>(end - text));
        made.negative = shortest.starts_with('-');
        const auto e = shortest.find('e');
        for (const char c : shortest.substr(0, e)) {
            if (c >= '0' && c <= '9') made.digits += c;
        }
        std::from_chars(shortest.data() + e + (shortest[e + 1] == '+' ? 2 : 1), end, made.exponent);
        ++made.exponent;
    } else {
        made.digits = number.is(value_kind::integer) ? std::to_string(number.as_int())
                                                     : std::to_string(number.as_uint());
        made.negative = made.digits.starts_with('-');
        if (made.negative) made.digits.erase(0, 1);
        made.exponent = static_cast<int>(made.digits.size());
    }
    return made;
}

// Keeps `places` digits behind the point, halves away from zero.
void round_to(decimal& number, int places)
{
    const auto keep = number.exponent + places;
    if (keep >= static_cast<int>(number.digits.size())) return;
    if (keep < 0) {
        number.digits = "0";
        number.exponent = 1;
        return;
    }
    const bool up = number.digits[static_cast<std::size_t>(keep)] >= '5';
    number.digits.resize(static_cast<std::size_t>(keep));
    if (up) {
        auto at = number.digits.size();
        while (at > 0 && number.digits[at - 1] == '9') number.digits[--at] = '0';
        if (at > 0) {
            ++number.digits[at - 1];
        } else {
            number.digits.insert(0, "1");
            ++number.exponent;
        }
    }
    if (number.digits.empty()) {
        number.digits = "0";
        number.exponent = 1;
    }
}

value round_double(const value& x, int places)
{
    if (!std::isfinite(x.as_double())) return x;
    auto rounded = decimal_of(x);
    round_to(rounded, places);
    const auto text =
        (rounded.negative ? "-0." : "0.") + rounded.digits + "e" + std::to_string(rounded.exponent);
    double made = 0;
    std::from_chars(text.data(), text.data() + text.size(), made);
    return value::from_double(made);
}

value round_integer(const value& x, int places)
{
    if (places >= 0) return x;
    auto rounded = decimal_of(x);
    round_to(rounded, places);
    rounded.digits.resize(static_cast<std::size_t>(std::max(rounded.exponent, 1)), '0');
    const auto text = (rounded.negative ? "-" : "") + rounded.digits;
    std::int64_t made = 0;
    std::uint64_t natural = 0;
    const auto* end = text.data() + text.size();
    if (x.is(value_kind::integer) && std::from_chars(text.data(), end, made).ec == std::errc{})
        return value::from_int(made);
    if (x.is(value_kind::unsigned_integer) &&
        std::from_chars(text.data(), end, natural).ec == std::errc{}) {
        return value::from_uint(natural);
    }
    return value::error(error_kind::overflow, "integer overflow");
}

value round_number(evaluation_context&, arguments given, const call_site&)
{
    const auto places = given.size() == 2 ? given[1].as_int() : 0;
    if (places < -18 || places > 18) return invalid("number.round() takes -18 to 18 digits");
    const auto& x = given[0];
    return x.is(value_kind::floating) ? round_double(x, static_cast<int>(places))
                                      : round_integer(x, static_cast<int>(places));
}

value bigint(evaluation_context&, arguments given, const call_site&)
{
    auto text = given[0].text();
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    const auto* end = text.data() + text.size();
    std::int64_t number = 0;
    if (const auto o = std::from_chars(text.data(), end, number);
        o.ec == std::errc{} && o.ptr == end) {
        return value::from_int(number);
    }
    std::uint64_t natural = 0;
    if (const auto o = std::from_chars(text.data(), end, natural);
        o.ec == std::errc{} && o.ptr == end) {
        return value::from_uint(natural);
    }
    return invalid("the text is no integer of 64 bits");
}

struct number_symbols {
    char point = '.', group = ',';
};

std::optional<number_symbols> symbols_of(arguments given, std::size_t index)
{
    if (given.size() <= index) return number_symbols{};
    const auto text = given[index].text();
    if (text.size() != 2 || text[0] == text[1] || static_cast<signed char>(text[0]) < 0 ||
        static_cast<signed char>(text[1]) < 0) {
        return std::nullopt;
    }
    return number_symbols{text[0], text[1]};
}

value parse_number(evaluation_context&, arguments given, const call_site&)
{
    const auto symbols = symbols_of(given, 1);
    if (!symbols) return invalid("the symbols are a decimal and a grouping character such as '.,'");
    std::string plain;
    bool fraction = false, digit = false, exponent = false;
    for (const char c : given[0].text()) {
        if (c >= '0' && c <= '9') {
            plain += c;
            digit = true;
        } else if (c == symbols->point && !fraction && !exponent) {
            plain += '.';
            fraction = true;
        } else if (c == symbols->group && digit && !fraction && !exponent) {
            continue;
        } else if ((c == 'E' || c == 'e') && digit && !exponent) {
            plain += 'e';
            exponent = true;
        } else if ((c == '-' || c == '+') && (plain.empty() || plain.back() == 'e')) {
            if (c == '-' || !plain.empty()) plain += c;
        } else {
            return invalid("the text is no number");
        }
    }
    const auto* end = plain.data() + plain.size();
    if (!digit || plain.back() == '.' || plain.back() == 'e')
        return invalid("the text is no number");
    if (!fraction && !exponent) {
        std::int64_t integer = 0;
        if (std::from_chars(plain.data(), end, integer).ec == std::errc{})
            return value::from_int(integer);
    }
    double number = 0;
    const auto outcome = std::from_chars(plain.data(), end, number);
    if (outcome.ec != std::errc{} || outcome.ptr != end) return invalid("the text is no number");
    return value::from_double(number);
}

// A DecimalFormat-like pattern: literal text around 0, #, ',', '.', %, E0.
struct number_pattern {
    std::string prefix, suffix;
    int integer_min = 0, fraction_min = 0, fraction_max = 0, group = 0, exponent_min = 0;
    bool percent = false;
};

// Literal text, quoted or not, up to the first digit sign; '%' multiplies.
std::string read_literal(std::string_view pattern, std::size_t& at, bool& percent)
{
    std::string made;
    bool quoted = false;
    for (; at < pattern.size(); ++at) {
        const char c = pattern[at];
        if (c == '\'') {
            if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
                made += '\'';
                ++at;
            } else {
                quoted = !quoted;
            }
            continue;
        }
        if (!quoted && std::string_view("0#,.").find(c) != std::string_view::npos) return made;
        percent = percent || (!quoted && c == '%');
        made += c;
    }
    return made;
}

std::optional<number_pattern> read_pattern(std::string_view pattern)
{
    number_pattern made;
    std::size_t at = 0;
    made.prefix = read_literal(pattern, at, made.percent);
    int since_group = -1, digits = 0;
    for (;
         at < pattern.size() && std::string_view("0#,").find(pattern[at]) != std::string_view::npos;
         ++at) {
        if (pattern[at] == ',') {
            since_group = 0;
            continue;
        }
        if (pattern[at] == '#' && made.integer_min > 0) return std::nullopt;
        made.integer_min += pattern[at] == '0';
        since_group += since_group >= 0;
        ++digits;
    }
    if (since_group == 0) return std::nullopt;
    made.group = std::max(since_group, 0);
    if (at < pattern.size() && pattern[at] == '.') {
        for (++at; at < pattern.size() && (pattern[at] == '0' || pattern[at] == '#'); ++at) {
            if (pattern[at] == '0' && made.fraction_max > made.fraction_min) return std::nullopt;
            made.fraction_min += pattern[at] == '0';
            ++made.fraction_max;
        }
    }
    if (digits + made.fraction_max == 0 || made.fraction_max > 100 || made.integer_min > 100)
        return std::nullopt;
    if (at < pattern.size() && pattern[at] == 'E') {
        for (++at; at < pattern.size() && pattern[at] == '0'; ++at) ++made.exponent_min;
        if (made.exponent_min == 0) return std::nullopt;
    }
    made.suffix = read_literal(pattern, at, made.percent);
    if (at != pattern.size()) return std::nullopt;
    return made;
}

void append_grouped(std::string_view digits, const number_pattern& pattern, char group,
                    std::string& into)
{
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const auto left = digits.size() - i;
        if (i > 0 && pattern.group > 0 && left % static_cast<std::size_t>(pattern.group) == 0)
            into += group;
        into += digits[i];
    }
}

void append_formatted(decimal number, const number_pattern& pattern, const number_symbols& symbols,
                      std::string& into)
{
    int exponent = 0;
    const bool zero = number.digits.find_first_not_of('0') == std::string::npos;
    if (pattern.exponent_min > 0 && !zero) {
        exponent = number.exponent - std::max(pattern.integer_min, 1);
        number.exponent -= exponent;
    }
    round_to(number, pattern.fraction_max);
    std::string whole, fraction;
    for (int i = 0; i < number.exponent; ++i) {
        whole += static_cast<std::size_t>(i) < number.digits.size()
                     ? number.digits[static_cast<std::size_t>(i)]
                     : '0';
    }
    for (int i = number.exponent; i < number.exponent + pattern.fraction_max; ++i) {
        const bool inside = i >= 0 && static_cast<std::size_t>(i) < number.digits.size();
        fraction += inside ? number.digits[static_cast<std::size_t>(i)] : '0';
    }
    whole.erase(0, whole.find_first_not_of('0'));
    while (static_cast<int>(fraction.size()) > pattern.fraction_min && fraction.back() == '0')
        fraction.pop_back();
    if (static_cast<int>(whole.size()) < pattern.integer_min) {
        whole.insert(0, static_cast<std::size_t>(pattern.integer_min) - whole.size(), '0');
    }
    if (whole.empty() && fraction.empty()) whole = "0";
    if (number.negative) into += '-';
    into += pattern.prefix;
    append_grouped(whole, pattern, symbols.group, into);
    if (!fraction.empty()) into += symbols.point + fraction;
    if (pattern.exponent_min > 0) {
        auto text = std::to_string(std::abs(exponent));
        if (static_cast<int>(text.size()) < pattern.exponent_min) {
            text.insert(0, static_cast<std::size_t>(pattern.exponent_min) - text.size(), '0');
        }
        into += (exponent < 0 ? "E-" : "E") + text;
    }
    into += pattern.suffix;
}

value format_number(evaluation_context& context, arguments given, const call_site&)
{
    const auto symbols = symbols_of(given, 2);
    if (!symbols) return invalid("the symbols are a decimal and a grouping character such as '.,'");
    const auto pattern = read_pattern(given[1].text());
    if (!pattern) return invalid("the number pattern is invalid");
    if (given[0].is(value_kind::floating) && !std::isfinite(given[0].as_double())) {
        return invalid("only finite numbers can be formatted");
    }
    auto number = decimal_of(given[0]);
    if (pattern->percent) number.exponent += 2;
    std::string made;
    append_formatted(std::move(number), *pattern, *symbols, made);
    return build_string(context, made);
}

result<std::shared_ptr<const void>> prepare_pattern(std::span<const value* const> given,
                                                    const limits&)
{
    if (given[1] != nullptr && given[1]->is(value_kind::string) &&
        !read_pattern(given[1]->text())) {
        return load_failure("the number pattern '" + std::string(given[1]->text()) +
                            "' is invalid");
    }
    return std::shared_ptr<const void>{};
}

value sum(evaluation_context& context, arguments given, const call_site&)
{
    auto total = value::from_int(0);
    for (const auto& item : given[0].items()) {
        if (!item.is_number()) return no_overload(item);
        total = &item == given[0].items().data()
                    ? item
                    : arithmetic(operator_kind::add, total, item, context);
        if (total.is_error()) return total;
    }
    return total;
}

value average(evaluation_context& context, arguments given, const call_site& site)
{
    if (given[0].items().empty()) return invalid("an empty list has no average");
    const auto total = sum(context, given, site);
    if (total.is_error()) return total;
    const auto count = value::from_double(static_cast<double>(given[0].items().size()));
    return arithmetic(operator_kind::divide, total, count, context);
}

using enum value_kind;

std::vector<overload> with_numbers(std::vector<value_kind> rest, value_kind result,
                                   function_code code, prepare_code prepare = nullptr)
{
    std::vector<overload> all;
    for (const auto kind : {integer, unsigned_integer, floating}) {
        auto parameters = rest;
        parameters.insert(parameters.begin(), kind);
        all.push_back({false, std::move(parameters), result == any ? kind : result, code, prepare});
    }
    return all;
}

std::vector<overload> joined(std::vector<overload> a, const std::vector<overload>& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace

declarations number_functions()
{
    return {
        {"Numbers",
         "number.bigint",
         "number.bigint(s)",
         "A decimal integer of up to 64 bits as int, else as uint.",
         {{"number.bigint('18446744073709551615')", "18446744073709551615u"},
          {"number.bigint('1000000.34')", "error"}},
         {{false, {string}, any, bigint}}},
        {"Numbers",
         "number.round",
         "number.round(x[, digits])",
         "Halves away from zero on the shortest decimal digits; an int stays int.",
         {{"number.round(1.005, 2)", "1.01"},
          {"number.round(89, 2)", "89"},
          {"number.round(-2.5)", "-3.0"},
          {"number.round(1250, -2)", "1300"}},
         joined(with_numbers({}, any, round_number), with_numbers({integer}, any, round_number))},
        {"Numbers",
         "number.format",
         "number.format(x, pattern[, symbols])",
         "Digits 0 and #, point, grouping, percent, exponent, 'text'; symbols are point and "
         "grouping character.",
         {{"number.format(1234567.891, '#,##0.00')", "'1,234,567.89'"},
          {"number.format(1234.5, '#,##0.00', ',.')", "'1.234,50'"},
          {"number.format(0.256, '0.0%')", "'25.6%'"},
          {"number.format(-5, '000')", "'-005'"}},
         joined(with_numbers({string}, string, format_number, prepare_pattern),
                with_numbers({string, string}, string, format_number, prepare_pattern))},
        {"Numbers",
         "number.parse",
         "number.parse(s[, symbols])",
         "Reads what number.format() writes.",
         {{"number.parse('1,234.50')", "1234.5"},
          {"number.parse('1.234', ',.')", "1234"},
          {"number.parse('1x')", "error"}},
         {{false, {string}, any, parse_number}, {false, {string, string}, any, parse_number}}},
        {"Numbers",
         "sum",
         "l.sum()",
         "The sum of numbers; 0 of an empty list.",
         {{"[1, 2.5].sum()", "3.5"}, {"[].sum()", "0"}},
         {{true, {list}, any, sum}}},
        {"Numbers",
         "avg",
         "l.avg()",
         "The mean as a double.",
         {{"[1, 2].avg()", "1.5"}, {"[].avg()", "error"}},
         {{true, {list}, floating, average}}},
    };
}

}  // namespace sluice::rules::expression
