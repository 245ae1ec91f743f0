// A tabular file: its end declares functions with signatures, help and examples.
#include <utf8proc.h>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

template <utf8proc_int32_t (*map)(utf8proc_int32_t)>
value mapped(evaluation_context& context, arguments given, const call_site&)
{
    static thread_local std::string made;
    made.clear();
    const auto text = given[0].text();
    for (std::size_t at = 0; at < text.size(); at += code_point_length(text[at])) {
        const auto point = map(static_cast<utf8proc_int32_t>(decode_at(text, at)));
        append_code_point(static_cast<char32_t>(point), made);
    }
    return build_string(context, made);
}

// Capital sharp s is the one-character upper case of ß; Unicode's simple mapping leaves ß alone.
utf8proc_int32_t upper_of(utf8proc_int32_t point)
{
    return point == 0xdf ? 0x1e9e : utf8proc_toupper(point);
}

utf8proc_int32_t folded(utf8proc_int32_t point)
{
    return utf8proc_tolower(utf8proc_toupper(point));
}

value equals_ignore_case(evaluation_context&, arguments given, const call_site&)
{
    const auto a = given[0].text(), b = given[1].text();
    std::size_t i = 0, k = 0;
    while (i < a.size() && k < b.size()) {
        if (folded(static_cast<utf8proc_int32_t>(decode_at(a, i))) !=
            folded(static_cast<utf8proc_int32_t>(decode_at(b, k)))) {
            return value::from_bool(false);
        }
        i += code_point_length(a[i]);
        k += code_point_length(b[k]);
    }
    return value::from_bool(i == a.size() && k == b.size());
}

value split_any(evaluation_context& context, arguments given, const call_site&)
{
    const auto text = given[0].text(), chars = given[1].text();
    if (chars.empty()) return invalid("splitAny() needs at least one separator character");
    std::vector<value> pieces;
    std::size_t start = 0;
    for (std::size_t at = 0; at <= text.size();) {
        const auto length = at < text.size() ? code_point_length(text[at]) : 1;
        if (at == text.size() || chars.find(text.substr(at, length)) != std::string_view::npos) {
            if (at > start) pieces.push_back(value::from_string(text.substr(start, at - start)));
            start = at + length;
        }
        at += length;
    }
    if (!may_build_list(context, pieces.size())) return limit_error(list_limit_text);
    const auto made = context.arena->allocate_array<value>(pieces.size());
    std::copy(pieces.begin(), pieces.end(), made.begin());
    return value::from_list(made);
}

template <bool left>
value padded(evaluation_context& context, arguments given, const call_site&)
{
    const auto text = given[0].text();
    const auto wanted = given[1].as_int();
    if (wanted < 0 || wanted > 10'000) return invalid("a text is padded to 0 to 10000 characters");
    auto pad = given.size() == 3 ? given[2].text() : std::string_view(" ");
    if (pad.empty()) pad = " ";
    const auto size = static_cast<std::int64_t>(count_code_points(text));
    std::string filling;
    std::size_t at = 0;
    for (auto missing = wanted - size; missing > 0; --missing) {
        const auto length = code_point_length(pad[at]);
        filling.append(pad, at, length);
        at = at + length < pad.size() ? at + length : 0;
    }
    return build_string(context, left ? filling.append(text) : std::string(text) + filling);
}

template <bool left>
value trimmed(evaluation_context&, arguments given, const call_site&)
{
    return value::from_string(trim(given[0].text(), left, !left));
}

// Flattened, without nulls; objects as compact JSON. False when an element has no text form.
bool append_joined(arguments items, std::string_view separator, bool& first, std::string& into)
{
    for (const auto& item : items) {
        if (item.is_null()) continue;
        if (item.is(value_kind::list)) {
            if (!append_joined(item.items(), separator, first, into)) return false;
            continue;
        }
        if (!first) into += separator;
        first = false;
        const bool written =
            item.is(value_kind::map) ? write_json(item, into) : append_text_form(item, into);
        if (!written) return false;
    }
    return true;
}

value join_any(evaluation_context& context, arguments given, const call_site&)
{
    std::string made;
    bool first = true;
    if (!append_joined(given[0].items(), given[1].text(), first, made)) {
        return invalid("an element of the list has no text form");
    }
    return build_string(context, made);
}

}  // namespace

declarations text_functions()
{
    using enum value_kind;
    return {
        {"Text",
         "lower",
         "s.lower()",
         "Unicode lower case, one character to one.",
         {{"'HeLLo'.lower()", "'hello'"}, {"'ÀÉ'.lower()", "'àé'"}},
         {{true, {string}, string, mapped<utf8proc_tolower>}}},
        {"Text",
         "upper",
         "s.upper()",
         "Unicode upper case, one character to one.",
         {{"'hello'.upper()", "'HELLO'"}, {"'straße'.upper()", "'STRAẞE'"}},
         {{true, {string}, string, mapped<upper_of>}}},
        {"Text",
         "equalsIgnoreCase",
         "s.equalsIgnoreCase(t)",
         "Equal by simple case folding.",
         {{"'s'.equalsIgnoreCase('S')", "true"}, {"'ß'.equalsIgnoreCase('SS')", "false"}},
         {{true, {string, string}, boolean, equals_ignore_case}}},
        {"Text",
         "splitAny",
         "s.splitAny(chars)",
         "Cut at every character of chars; empty pieces are dropped.",
         {{"'Hello world'.splitAny(' ')", "['Hello', 'world']"},
          {"'a,b;;c'.splitAny(',;')", "['a', 'b', 'c']"},
          {"'a'.splitAny('')", "error"}},
         {{true, {string, string}, list, split_any}}},
        {"Text",
         "padLeft",
         "s.padLeft(n[, pad])",
         "Filled on the left to n characters with pad (a blank), repeated and cut.",
         {{"'bat'.padLeft(8, 'yz')", "'yzyzybat'"},
          {"'7'.padLeft(3, '0')", "'007'"},
          {"'a'.padLeft(-1)", "error"}},
         {{true, {string, integer}, string, padded<true>},
          {true, {string, integer, string}, string, padded<true>}}},
        {"Text",
         "padRight",
         "s.padRight(n[, pad])",
         "The same on the right.",
         {{"'bat'.padRight(8, 'yz')", "'batyzyzy'"}, {"'abc'.padRight(2)", "'abc'"}},
         {{true, {string, integer}, string, padded<false>},
          {true, {string, integer, string}, string, padded<false>}}},
        {"Text",
         "trimLeft",
         "s.trimLeft()",
         "Without Unicode white space at the start.",
         {{"' hello'.trimLeft()", "'hello'"}, {"'\\ta '.trimLeft()", "'a '"}},
         {{true, {string}, string, trimmed<true>}}},
        {"Text",
         "trimRight",
         "s.trimRight()",
         "Without Unicode white space at the end.",
         {{"'hello '.trimRight()", "'hello'"}, {"' a\\n'.trimRight()", "' a'"}},
         {{true, {string}, string, trimmed<false>}}},
        {"Text",
         "joinAny",
         "l.joinAny(sep)",
         "Flattened, nulls skipped, the text forms joined; objects as compact JSON.",
         {{"['Hello', 'world'].joinAny(';')", "'Hello;world'"},
          {"[1, [2.5, null], true].joinAny(',')", "'1,2.5,true'"}},
         {{true, {list, string}, string, join_any}}},
    };
}

}  // namespace sluice::rules::expression
