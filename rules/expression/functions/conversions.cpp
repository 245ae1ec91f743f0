// A tabular file: its end declares functions with signatures, help and examples.
#include <charconv>
#include <cmath>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/time_text.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

constexpr double two_to_63 = 9223372036854775808.0, two_to_64 = 18446744073709551616.0;

value out_of_range(const char* text)
{
    return value::error(error_kind::out_of_range, text);
}

value same(evaluation_context&, arguments given, const call_site&)
{
    return given[0];
}

value bool_of_text(evaluation_context&, arguments given, const call_site&)
{
    const auto text = given[0].text();
    for (const std::string_view word : {"1", "t", "true", "TRUE", "True"}) {
        if (text == word) return value::from_bool(true);
    }
    for (const std::string_view word : {"0", "f", "false", "FALSE", "False"}) {
        if (text == word) return value::from_bool(false);
    }
    return invalid("the text is no bool");
}

value int_of_uint(evaluation_context&, arguments given, const call_site&)
{
    if (given[0].as_uint() > static_cast<std::uint64_t>(INT64_MAX))
        return out_of_range("the number does not fit int");
    return value::from_int(static_cast<std::int64_t>(given[0].as_uint()));
}

value int_of_double(evaluation_context&, arguments given, const call_site&)
{
    const auto d = given[0].as_double();
    if (!(d > -two_to_63 && d < two_to_63)) return out_of_range("the number does not fit int");
    return value::from_int(static_cast<std::int64_t>(d));
}

value int_of_text(evaluation_context&, arguments given, const call_site&)
{
    auto text = given[0].text();
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    std::int64_t number = 0;
    const auto outcome = std::from_chars(text.data(), text.data() + text.size(), number);
    if (outcome.ec == std::errc::result_out_of_range)
        return out_of_range("the number does not fit int");
    if (outcome.ec != std::errc{} || outcome.ptr != text.data() + text.size())
        return invalid("the text is no int");
    return value::from_int(number);
}

value int_of_time(evaluation_context&, arguments given, const call_site&)
{
    return value::from_int(given[0].seconds());
}

value uint_of_int(evaluation_context&, arguments given, const call_site&)
{
    if (given[0].as_int() < 0) return out_of_range("a negative number does not fit uint");
    return value::from_uint(static_cast<std::uint64_t>(given[0].as_int()));
}

value uint_of_double(evaluation_context&, arguments given, const call_site&)
{
    const auto d = given[0].as_double();
    if (!(d >= 0 && d < two_to_64)) return out_of_range("the number does not fit uint");
    return value::from_uint(static_cast<std::uint64_t>(d));
}

value uint_of_text(evaluation_context&, arguments given, const call_site&)
{
    auto text = given[0].text();
    if (text.starts_with('+')) text.remove_prefix(1);
    std::uint64_t number = 0;
    const auto outcome = std::from_chars(text.data(), text.data() + text.size(), number);
    if (outcome.ec == std::errc::result_out_of_range)
        return out_of_range("the number does not fit uint");
    if (outcome.ec != std::errc{} || outcome.ptr != text.data() + text.size())
        return invalid("the text is no uint");
    return value::from_uint(number);
}

value double_of_int(evaluation_context&, arguments given, const call_site&)
{
    return value::from_double(static_cast<double>(given[0].as_int()));
}

value double_of_uint(evaluation_context&, arguments given, const call_site&)
{
    return value::from_double(static_cast<double>(given[0].as_uint()));
}

value double_of_text(evaluation_context&, arguments given, const call_site&)
{
    auto text = given[0].text();
    if (text == "NaN") return value::from_double(std::nan(""));
    if (text == "Infinity" || text == "+Infinity") return value::from_double(HUGE_VAL);
    if (text == "-Infinity") return value::from_double(-HUGE_VAL);
    if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) {
        return invalid("the text is no double");
    }
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    double number = 0;
    const auto outcome = std::from_chars(text.data(), text.data() + text.size(), number);
    if (outcome.ptr != text.data() + text.size() || outcome.ec == std::errc::invalid_argument) {
        return invalid("the text is no double");
    }
    if (outcome.ec == std::errc::result_out_of_range) {
        number = std::strtod(std::string(text).c_str(), nullptr);
        if (!std::isfinite(number)) return out_of_range("the number is out of the range of double");
    }
    return value::from_double(number);
}

value string_of(evaluation_context& context, arguments given, const call_site&)
{
    static thread_local std::string text;
    text.clear();
    if (given[0].is(value_kind::bytes)) {
        if (!is_valid_utf8(given[0].text()))
            return value::error(error_kind::invalid_utf8, "the bytes are no UTF-8 text");
        return value::from_string(given[0].text());
    }
    if (!append_text_form(given[0], text)) return no_overload(given[0]);
    return build_string(context, text);
}

value bytes_of_text(evaluation_context&, arguments given, const call_site&)
{
    return value::from_bytes(given[0].text());
}

value time_of_text(evaluation_context&, arguments given, const call_site&)
{
    return parse_timestamp(given[0].text()).value_or(invalid("the text is no RFC 3339 timestamp"));
}

value time_of_int(evaluation_context&, arguments given, const call_site&)
{
    return checked_timestamp(given[0].as_int(), 0);
}

value duration_of_text(evaluation_context&, arguments given, const call_site&)
{
    return parse_duration(given[0].text())
        .value_or(invalid("the text is no duration such as 1h30m"));
}

}  // namespace

bool append_text_form(const value& shown, std::string& into)
{
    switch (shown.kind()) {
        case value_kind::string:
            into += shown.text();
            return true;
        case value_kind::boolean:
            into += shown.as_bool() ? "true" : "false";
            return true;
        case value_kind::integer:
            into += std::to_string(shown.as_int());
            return true;
        case value_kind::unsigned_integer:
            into += std::to_string(shown.as_uint());
            return true;
        case value_kind::floating:
            append_double(shown.as_double(), into);
            return true;
        case value_kind::timestamp:
            append_timestamp(shown, into);
            return true;
        case value_kind::duration:
            append_duration(shown, into);
            return true;
        case value_kind::ip:
        case value_kind::cidr:
            into += network_text(shown);
            return true;
        default:
            return false;
    }
}

declarations conversion_functions()
{
    using enum value_kind;
    std::vector<overload> strings;
    for (const auto kind :
         {value_kind::boolean, integer, unsigned_integer, floating, value_kind::bytes,
          value_kind::timestamp, value_kind::duration, ip, cidr}) {
        strings.push_back({false, {kind}, string, string_of});
    }
    strings.push_back({false, {string}, string, same});
    return {
        {"Conversions",
         "bool",
         "bool(x)",
         "A bool, or one of the texts 1 t true TRUE True 0 f false FALSE False.",
         {{"bool('true')", "true"}, {"bool('yes')", "error"}},
         {{false, {boolean}, boolean, same}, {false, {string}, boolean, bool_of_text}}},
        {"Conversions",
         "int",
         "int(x)",
         "A number cut to an int, decimal text, or the Unix seconds of a timestamp.",
         {{"int('-42')", "-42"},
          {"int(3.9)", "3"},
          {"int(timestamp('1970-01-01T00:01:00Z'))", "60"},
          {"int(true)", "error"}},
         {{false, {integer}, integer, same},
          {false, {unsigned_integer}, integer, int_of_uint},
          {false, {floating}, integer, int_of_double},
          {false, {string}, integer, int_of_text},
          {false, {timestamp}, integer, int_of_time}}},
        {"Conversions",
         "uint",
         "uint(x)",
         "A number that is not negative, or decimal text.",
         {{"uint(7)", "7u"}, {"uint(-1)", "error"}},
         {{false, {unsigned_integer}, unsigned_integer, same},
          {false, {integer}, unsigned_integer, uint_of_int},
          {false, {floating}, unsigned_integer, uint_of_double},
          {false, {string}, unsigned_integer, uint_of_text}}},
        {"Conversions",
         "double",
         "double(x)",
         "A number, or decimal text, NaN, Infinity, -Infinity.",
         {{"double('1e3')", "1000.0"}, {"double(2)", "2.0"}, {"double('inf')", "error"}},
         {{false, {floating}, floating, same},
          {false, {integer}, floating, double_of_int},
          {false, {unsigned_integer}, floating, double_of_uint},
          {false, {string}, floating, double_of_text}}},
        {"Conversions",
         "string",
         "string(x)",
         "The text of a scalar, of valid UTF-8 bytes, of a time or an address.",
         {{"string(1.0)", "'1'"},
          {"string(-4.5e-3)", "'-0.0045'"},
          {"string(duration('1500ms'))", "'1.5s'"}},
         std::move(strings)},
        {"Conversions",
         "bytes",
         "bytes(x)",
         "The UTF-8 of a string.",
         {{"bytes('é')", "b'\\303\\251'"}},
         {{false, {value_kind::bytes}, value_kind::bytes, same},
          {false, {string}, value_kind::bytes, bytes_of_text}}},
        {"Conversions",
         "timestamp",
         "timestamp(x)",
         "RFC 3339 text, or Unix seconds.",
         {{"timestamp('2025-03-01T13:00:00+01:00')", "timestamp('2025-03-01T12:00:00Z')"},
          {"timestamp(0)", "timestamp('1970-01-01T00:00:00Z')"},
          {"timestamp('2025-02-30T00:00:00Z')", "error"}},
         {{false, {value_kind::timestamp}, value_kind::timestamp, same},
          {false, {string}, value_kind::timestamp, time_of_text},
          {false, {integer}, value_kind::timestamp, time_of_int}}},
        {"Conversions",
         "duration",
         "duration(x)",
         "Text of decimal numbers with h, m, s, ms, us, ns.",
         {{"duration('1h34.5s')", "duration('3634.5s')"}, {"duration('1')", "error"}},
         {{false, {value_kind::duration}, value_kind::duration, same},
          {false, {string}, value_kind::duration, duration_of_text}}},
    };
}

}  // namespace sluice::rules::expression
