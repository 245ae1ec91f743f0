#include <algorithm>
#include <charconv>
#include <cmath>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/time_text.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

struct clause {
    char letter = 0;
    int precision = 6;
};

// The clause behind a '%' at `at`; a message when it is malformed.
const char* read_clause(std::string_view format, std::size_t& at, clause& made)
{
    made = {};
    if (at < format.size() && format[at] == '.') {
        ++at;
        int precision = 0;
        const auto start = at;
        while (at < format.size() && format[at] >= '0' && format[at] <= '9' && precision <= 100) {
            precision = precision * 10 + (format[at++] - '0');
        }
        if (at == start || precision > 100) return "the precision of a format clause is 0 to 100";
        made.precision = precision;
    }
    if (at >= format.size()) return "the format ends inside a clause";
    made.letter = format[at++];
    if (std::string_view("sdfeboxX").find(made.letter) == std::string_view::npos)
        return "unknown format clause";
    return nullptr;
}

void append_plain(double number, std::string& into)
{
    if (!std::isfinite(number)) {
        into += std::isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity";
        return;
    }
    char digits[800];
    into.append(
        digits,
        std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed).ptr);
}

bool append_value(const value& shown, std::string& into);

bool append_list(const value& shown, std::string& into)
{
    into += '[';
    bool first = true;
    for (const auto& item : shown.items()) {
        if (!first) into += ", ";
        first = false;
        if (!append_value(item, into)) return false;
    }
    into += ']';
    return true;
}

bool append_map(const value& shown, std::string& into)
{
    std::vector<std::pair<std::string, std::string>> parts;
    for (const auto& entry : shown.entries()) {
        auto& part = parts.emplace_back();
        if (!append_value(entry.key, part.first) || !append_value(entry.item, part.second))
            return false;
    }
    std::sort(parts.begin(), parts.end());
    into += '{';
    for (const auto& part : parts) {
        if (&part != parts.data()) into += ", ";
        into += part.first + ": " + part.second;
    }
    into += '}';
    return true;
}

bool append_value(const value& shown, std::string& into)
{
    switch (shown.kind()) {
        case value_kind::null:
            into += "null";
            return true;
        case value_kind::floating:
            append_plain(shown.as_double(), into);
            return true;
        case value_kind::bytes:
            if (!is_valid_utf8(shown.text())) return false;
            into += shown.text();
            return true;
        case value_kind::type:
            into += type_name(shown.named_type());
            return true;
        case value_kind::list:
            return append_list(shown, into);
        case value_kind::map:
            return append_map(shown, into);
        default:
            return append_text_form(shown, into);
    }
}

template <class Number>
void append_in_base(Number number, int base, bool upper, std::string& into)
{
    char digits[72];
    const auto* end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
    for (const auto* at = digits; at != end; ++at) {
        into += upper && *at >= 'a' ? static_cast<char>(*at - 32) : *at;
    }
}

bool append_based(const clause& c, const value& given, std::string& into)
{
    const int base = c.letter == 'b' ? 2 : c.letter == 'o' ? 8 : 16;
    const bool upper = c.letter == 'X';
    switch (given.kind()) {
        case value_kind::integer:
            append_in_base(given.as_int(), base, upper, into);
            return true;
        case value_kind::unsigned_integer:
            append_in_base(given.as_uint(), base, upper, into);
            return true;
        case value_kind::boolean:
            if (base != 2) return false;
            into += given.as_bool() ? '1' : '0';
            return true;
        case value_kind::string:
        case value_kind::bytes:
            if (base != 16) return false;
            for (const char byte : given.text()) {
                const auto bits = static_cast<unsigned char>(byte);
                append_in_base(bits >> 4, 16, upper, into);
                append_in_base(bits & 15, 16, upper, into);
            }
            return true;
        default:
            return false;
    }
}

bool append_floating(const clause& c, const value& given, std::string& into)
{
    double number = 0;
    switch (given.kind()) {
        case value_kind::integer:
            number = static_cast<double>(given.as_int());
            break;
        case value_kind::unsigned_integer:
            number = static_cast<double>(given.as_uint());
            break;
        case value_kind::floating:
            number = given.as_double();
            break;
        default:
            return false;
    }
    if (!std::isfinite(number)) {
        append_plain(number, into);
        return true;
    }
    char digits[480];
    const auto size = std::snprintf(digits, sizeof digits, c.letter == 'f' ? "%.*f" : "%.*e",
                                    c.precision, number);
    into.append(digits, static_cast<std::size_t>(size));
    return true;
}

bool append_clause(const clause& c, const value& given, std::string& into)
{
    switch (c.letter) {
        case 's':
            return append_value(given, into);
        case 'd':
            if (!given.is_number()) return false;
            return append_value(given, into);
        case 'f':
        case 'e':
            return append_floating(c, given, into);
        default:
            return append_based(c, given, into);
    }
}

}  // namespace

value format_text(evaluation_context& context, std::string_view format, arguments values)
{
    std::string made;
    std::size_t used = 0;
    for (std::size_t at = 0; at < format.size();) {
        const auto percent = std::min(format.find('%', at), format.size());
        made.append(format, at, percent - at);
        at = percent + 1;
        if (percent == format.size()) break;
        if (at < format.size() && format[at] == '%') {
            made += '%';
            ++at;
            continue;
        }
        clause c;
        if (const char* message = read_clause(format, at, c)) return invalid(message);
        if (used >= values.size()) return invalid("the format has more clauses than values");
        const auto& given = values[used++];
        if (given.is_error()) return given;
        if (!append_clause(c, given, made)) {
            const auto failed = invalid("a format clause does not take this value");
            return given.is_null() ? failed.as_absent() : failed;
        }
        if (made.size() > context.bounds->value_bytes_max) return limit_error(text_limit_text);
    }
    return build_string(context, made);
}

result<std::size_t> count_format_clauses(std::string_view format)
{
    std::size_t clauses = 0;
    for (std::size_t at = 0; (at = format.find('%', at)) != std::string_view::npos;) {
        ++at;
        if (at < format.size() && format[at] == '%') {
            ++at;
            continue;
        }
        clause c;
        if (const char* message = read_clause(format, at, c)) return load_failure(message);
        ++clauses;
    }
    return clauses;
}

}  // namespace sluice::rules::expression
