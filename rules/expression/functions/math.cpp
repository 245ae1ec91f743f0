// A tabular file: its end declares functions with signatures, help and examples.
#include <cmath>

#include "rules/expression/compare.hpp"
#include "rules/expression/functions/support.hpp"

namespace sluice::rules::expression {

namespace {

value extreme_of_numbers(arguments given, bool greatest)
{
    if (given.empty()) return invalid("there is no value to choose from");
    for (const auto& v : given) {
        if (!v.is_number()) return no_overload(v);
    }
    return extreme_of(given, greatest);
}

template <bool greatest>
value extreme(evaluation_context&, arguments given, const call_site&)
{
    if (given.size() == 1 && given[0].is(value_kind::list))
        return extreme_of_numbers(given[0].items(), greatest);
    return extreme_of_numbers(given, greatest);
}

template <double (*rounding)(double)>
value rounded(evaluation_context&, arguments given, const call_site&)
{
    return value::from_double(rounding(given[0].as_double()));
}

value absolute(evaluation_context&, arguments given, const call_site&)
{
    const auto& x = given[0];
    if (x.is(value_kind::floating)) return value::from_double(std::fabs(x.as_double()));
    if (x.is(value_kind::unsigned_integer)) return x;
    if (x.as_int() == INT64_MIN) return value::error(error_kind::overflow, "integer overflow");
    return value::from_int(std::abs(x.as_int()));
}

value sign(evaluation_context&, arguments given, const call_site&)
{
    const auto& x = given[0];
    if (x.is(value_kind::unsigned_integer)) return value::from_uint(x.as_uint() != 0);
    if (x.is(value_kind::integer)) return value::from_int((x.as_int() > 0) - (x.as_int() < 0));
    const auto d = x.as_double();
    return value::from_double(std::isnan(d) ? d : (d > 0) - (d < 0));
}

template <class Test>
value test_double(arguments given, Test test)
{
    return value::from_bool(test(given[0].as_double()));
}

value is_nan(evaluation_context&, arguments given, const call_site&)
{
    return test_double(given, [](double d) { return std::isnan(d); });
}

value is_infinite(evaluation_context&, arguments given, const call_site&)
{
    return test_double(given, [](double d) { return std::isinf(d); });
}

value is_finite(evaluation_context&, arguments given, const call_site&)
{
    return test_double(given, [](double d) { return std::isfinite(d); });
}

value square_root(evaluation_context&, arguments given, const call_site&)
{
    const auto& x = given[0];
    const auto number = x.is(value_kind::integer)            ? static_cast<double>(x.as_int())
                        : x.is(value_kind::unsigned_integer) ? static_cast<double>(x.as_uint())
                                                             : x.as_double();
    return value::from_double(std::sqrt(number));
}

std::uint64_t bits_of(const value& x)
{
    return x.is(value_kind::integer) ? static_cast<std::uint64_t>(x.as_int()) : x.as_uint();
}

value like(const value& x, std::uint64_t bits)
{
    return x.is(value_kind::integer) ? value::from_int(static_cast<std::int64_t>(bits))
                                     : value::from_uint(bits);
}

value bit_and(evaluation_context&, arguments given, const call_site&)
{
    return like(given[0], bits_of(given[0]) & bits_of(given[1]));
}

value bit_or(evaluation_context&, arguments given, const call_site&)
{
    return like(given[0], bits_of(given[0]) | bits_of(given[1]));
}

value bit_xor(evaluation_context&, arguments given, const call_site&)
{
    return like(given[0], bits_of(given[0]) ^ bits_of(given[1]));
}

value bit_not(evaluation_context&, arguments given, const call_site&)
{
    return like(given[0], ~bits_of(given[0]));
}

template <bool left>
value shift(evaluation_context&, arguments given, const call_site&)
{
    const auto count = given[1].as_int();
    if (count < 0) return invalid("a shift cannot be negative");
    if (count >= 64) return like(given[0], 0);
    return like(given[0], left ? bits_of(given[0]) << count : bits_of(given[0]) >> count);
}

using enum value_kind;

std::vector<overload> numbers(function_code code, bool same_type = true)
{
    std::vector<overload> all;
    for (const auto kind : {integer, unsigned_integer, floating}) {
        all.push_back({false, {kind}, same_type ? kind : floating, code});
    }
    return all;
}

std::vector<overload> integers(function_code code)
{
    return {{false, {integer, integer}, integer, code},
            {false, {unsigned_integer, unsigned_integer}, unsigned_integer, code}};
}

// A value that is no number and no list of numbers is refused when the expression is loaded.
std::vector<overload> extremes(function_code code)
{
    std::vector<overload> all = {{false, {list}, any, code}};
    for (const auto first : {integer, unsigned_integer, floating}) {
        all.push_back({false, {first}, first, code});
        for (const auto second : {integer, unsigned_integer, floating}) {
            all.push_back({false, {first, second}, first == second ? first : any, code});
        }
    }
    all.push_back({false, {any, any, any}, any, code, nullptr, true});
    return all;
}

}  // namespace

value extreme_of(arguments given, bool greatest)
{
    if (given.empty()) return invalid("there is no value to choose from");
    auto best = given[0];
    if (!compare(best, best)) return no_overload(best);
    for (const auto& v : given.subspan(1)) {
        const auto order = compare(v, best);
        if (!order) return no_overload(v, best);
        if (greatest ? *order > 0 : *order < 0) best = v;
    }
    return best;
}

declarations math_functions()
{
    return {
        {"Math",
         "math.greatest",
         "math.greatest(x, …)",
         "The greatest number of the arguments or of one list; the first of equals.",
         {{"math.greatest(1, 2.5)", "2.5"},
          {"math.greatest([3, 1])", "3"},
          {"math.greatest(dyn('a'))", "error"}},
         extremes(extreme<true>)},
        {"Math",
         "math.least",
         "math.least(x, …)",
         "The least number of the arguments or of one list; the first of equals.",
         {{"math.least(1, 2.5)", "1"}},
         extremes(extreme<false>)},
        {"Math",
         "math.ceil",
         "math.ceil(x)",
         "Up to a whole double.",
         {{"math.ceil(1.2)", "2.0"}},
         {{false, {floating}, floating, rounded<std::ceil>}}},
        {"Math",
         "math.floor",
         "math.floor(x)",
         "Down to a whole double.",
         {{"math.floor(-1.2)", "-2.0"}},
         {{false, {floating}, floating, rounded<std::floor>}}},
        {"Math",
         "math.round",
         "math.round(x)",
         "To the nearest whole double, halves away from zero.",
         {{"math.round(-1.5)", "-2.0"}},
         {{false, {floating}, floating, rounded<std::round>}}},
        {"Math",
         "math.trunc",
         "math.trunc(x)",
         "Without the fraction.",
         {{"math.trunc(-1.9)", "-1.0"}},
         {{false, {floating}, floating, rounded<std::trunc>}}},
        {"Math",
         "math.abs",
         "math.abs(x)",
         "The absolute value, of the same type.",
         {{"math.abs(-2)", "2"}},
         numbers(absolute)},
        {"Math",
         "math.sign",
         "math.sign(x)",
         "-1, 0 or 1, of the same type.",
         {{"math.sign(-2.5)", "-1.0"}},
         numbers(sign)},
        {"Math",
         "math.isNaN",
         "math.isNaN(x)",
         "Whether a double is not a number.",
         {{"math.isNaN(0.0 / 0.0)", "true"}},
         {{false, {floating}, boolean, is_nan}}},
        {"Math",
         "math.isInf",
         "math.isInf(x)",
         "Whether a double is infinite.",
         {{"math.isInf(1.0 / 0.0)", "true"}},
         {{false, {floating}, boolean, is_infinite}}},
        {"Math",
         "math.isFinite",
         "math.isFinite(x)",
         "Whether a double is a finite number.",
         {{"math.isFinite(1.0)", "true"}},
         {{false, {floating}, boolean, is_finite}}},
        {"Math",
         "math.sqrt",
         "math.sqrt(x)",
         "The square root as a double; NaN of a negative number.",
         {{"math.sqrt(81)", "9.0"}},
         numbers(square_root, false)},
        {"Math",
         "math.bitAnd",
         "math.bitAnd(x, y)",
         "Bitwise and.",
         {{"math.bitAnd(6, 3)", "2"}},
         integers(bit_and)},
        {"Math",
         "math.bitOr",
         "math.bitOr(x, y)",
         "Bitwise or.",
         {{"math.bitOr(6u, 3u)", "7u"}},
         integers(bit_or)},
        {"Math",
         "math.bitXor",
         "math.bitXor(x, y)",
         "Bitwise exclusive or.",
         {{"math.bitXor(6, 3)", "5"}},
         integers(bit_xor)},
        {"Math",
         "math.bitNot",
         "math.bitNot(x)",
         "All bits turned.",
         {{"math.bitNot(1)", "-2"}},
         {{false, {integer}, integer, bit_not},
          {false, {unsigned_integer}, unsigned_integer, bit_not}}},
        {"Math",
         "math.bitShiftLeft",
         "math.bitShiftLeft(x, n)",
         "Shifted left; 0 from 64 bits on.",
         {{"math.bitShiftLeft(1, 3)", "8"}},
         {{false, {integer, integer}, integer, shift<true>},
          {false, {unsigned_integer, integer}, unsigned_integer, shift<true>}}},
        {"Math",
         "math.bitShiftRight",
         "math.bitShiftRight(x, n)",
         "Shifted right, filled with zeros.",
         {{"math.bitShiftRight(8u, 3)", "1u"}},
         {{false, {integer, integer}, integer, shift<false>},
          {false, {unsigned_integer, integer}, unsigned_integer, shift<false>}}},
    };
}

}  // namespace sluice::rules::expression
