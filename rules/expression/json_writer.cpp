#include "rules/expression/json_writer.hpp"

#include <charconv>
#include <cmath>

#include "rules/expression/functions/base64.hpp"
#include "rules/expression/time_text.hpp"

namespace sluice::rules::expression {

namespace {

bool write(const value& shown, std::string& into, const char** why);

bool refuse(const char** why, const char* reason)
{
    if (why != nullptr) *why = reason;
    return false;
}

bool write_number(double number, std::string& into, const char** why)
{
    if (!std::isfinite(number)) return refuse(why, "NaN and infinities have no JSON form");
    const auto start = into.size();
    append_double(number, into);
    if (into.find_first_of(".e", start) == std::string::npos) into += ".0";
    return true;
}

bool write_list(const value& shown, std::string& into, const char** why)
{
    into += '[';
    bool first = true;
    for (const auto& item : shown.items()) {
        if (item.is_none()) continue;
        if (!first) into += ',';
        first = false;
        if (!write(item.is(value_kind::optional) ? item.inner() : item, into, why)) return false;
    }
    into += ']';
    return true;
}

bool write_map(const value& shown, std::string& into, const char** why)
{
    into += '{';
    bool first = true;
    for (const auto& entry : shown.entries()) {
        if (!entry.key.is(value_kind::string))
            return refuse(why, "a map key that is no string has no JSON form");
        if (entry.item.is_none()) continue;
        if (!first) into += ',';
        first = false;
        write_json_string(entry.key.text(), into);
        into += ':';
        if (!write(entry.item.is(value_kind::optional) ? entry.item.inner() : entry.item, into,
                   why))
            return false;
    }
    into += '}';
    return true;
}

template <class Integer>
void append_integer(Integer number, std::string& into)
{
    char digits[24];
    into.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

bool write(const value& shown, std::string& into, const char** why)
{
    if (shown.is_raw()) {
        into += shown.text();
        return true;
    }
    switch (shown.kind()) {
        case value_kind::null:
            into += "null";
            return true;
        case value_kind::boolean:
            into += shown.as_bool() ? "true" : "false";
            return true;
        case value_kind::integer:
            append_integer(shown.as_int(), into);
            return true;
        case value_kind::unsigned_integer:
            append_integer(shown.as_uint(), into);
            return true;
        case value_kind::floating:
            return write_number(shown.as_double(), into, why);
        case value_kind::string:
            write_json_string(shown.text(), into);
            return true;
        case value_kind::bytes:
            into += '"';
            append_base64(shown.text(), into);
            into += '"';
            return true;
        case value_kind::list:
            return write_list(shown, into, why);
        case value_kind::map:
            return write_map(shown, into, why);
        case value_kind::timestamp:
        case value_kind::duration:
            into += '"';
            shown.is(value_kind::timestamp) ? append_timestamp(shown, into)
                                            : append_duration(shown, into);
            into += '"';
            return true;
        case value_kind::optional:
            if (shown.is_none()) return refuse(why, "an optional without a value has no JSON form");
            return write(shown.inner(), into, why);
        case value_kind::type:
            return refuse(why, "a type has no JSON form");
        case value_kind::ip:
        case value_kind::cidr:
            return refuse(why, "an address has no JSON form; use string(x)");
        case value_kind::error:
            return refuse(why, shown.error_text());
        case value_kind::any:
            break;
    }
    return refuse(why, "there is no value");
}

}  // namespace

bool write_json(const value& shown, std::string& into, const char** why)
{
    return write(shown, into, why);
}

void write_json_string(std::string_view text, std::string& into)
{
    static constexpr std::string_view hex = "0123456789abcdef";
    into += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && c != '"' && c != '\\') {
            into += c;
            continue;
        }
        into += '\\';
        switch (c) {
            case '"':
            case '\\':
                into += c;
                break;
            case '\b':
                into += 'b';
                break;
            case '\f':
                into += 'f';
                break;
            case '\n':
                into += 'n';
                break;
            case '\r':
                into += 'r';
                break;
            case '\t':
                into += 't';
                break;
            default:
                into += "u00";
                into += hex[byte >> 4];
                into += hex[byte & 15];
        }
    }
    into += '"';
}

void append_double(double number, std::string& into)
{
    if (std::isnan(number)) {
        into += "NaN";
        return;
    }
    if (std::isinf(number)) {
        into += number < 0 ? "-Infinity" : "Infinity";
        return;
    }
    const auto magnitude = std::fabs(number);
    const bool plain = number == 0 || (magnitude >= 1e-4 && magnitude < 1e21);
    char digits[400];
    const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
    into.append(digits, std::to_chars(digits, digits + sizeof digits, number, format).ptr);
}

}  // namespace sluice::rules::expression
