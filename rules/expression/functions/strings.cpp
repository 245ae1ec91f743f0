// A tabular file: its end declares functions with signatures, help and examples.
#include <algorithm>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

value out_of_bounds()
{
    return value::error(error_kind::index_out_of_bounds, "the offset is outside the text");
}

// Byte offset of code point `index`, or npos when it is negative or beyond the end.
std::size_t offset_of(std::string_view text, std::int64_t index)
{
    return index < 0 ? std::string_view::npos : byte_offset(text, static_cast<std::size_t>(index));
}

bool charge_text(evaluation_context& context, const value& text)
{
    return context.charge(static_cast<std::int64_t>(text.text().size()));
}

value char_at(evaluation_context&, arguments given, const call_site&)
{
    const auto text = given[0].text();
    const auto at = offset_of(text, given[1].as_int());
    if (at == std::string_view::npos) return out_of_bounds();
    if (at == text.size()) return value::from_string({});
    return value::from_string(text.substr(at, code_point_length(text[at])));
}

value position_of(std::string_view text, std::size_t at)
{
    if (at == std::string_view::npos) return value::from_int(-1);
    return value::from_int(static_cast<std::int64_t>(count_code_points(text.substr(0, at))));
}

value index_of(evaluation_context& context, arguments given, const call_site&)
{
    if (!charge_text(context, given[0])) return limit_error(cost_limit_text);
    const auto text = given[0].text();
    const auto from = given.size() == 3 ? offset_of(text, given[2].as_int()) : 0;
    if (from == std::string_view::npos) return out_of_bounds();
    return position_of(text, text.find(given[1].text(), from));
}

value last_index_of(evaluation_context& context, arguments given, const call_site&)
{
    if (!charge_text(context, given[0])) return limit_error(cost_limit_text);
    const auto text = given[0].text();
    const auto from = given.size() == 3 ? offset_of(text, given[2].as_int()) : text.size();
    if (from == std::string_view::npos) return out_of_bounds();
    return position_of(text, text.rfind(given[1].text(), from));
}

value substring(evaluation_context&, arguments given, const call_site&)
{
    const auto text = given[0].text();
    const auto from = offset_of(text, given[1].as_int());
    const auto to = given.size() == 3 ? offset_of(text, given[2].as_int()) : text.size();
    if (from == std::string_view::npos || to == std::string_view::npos || from > to)
        return out_of_bounds();
    return value::from_string(text.substr(from, to - from));
}

value replace(evaluation_context& context, arguments given, const call_site&)
{
    const auto text = given[0].text(), old = given[1].text(), fresh = given[2].text();
    auto left = given.size() == 4 ? given[3].as_int() : -1;
    static thread_local std::string made;
    made.clear();
    std::size_t at = 0;
    while (left != 0) {
        const auto found = text.find(old, at);
        if (found == std::string_view::npos) break;
        made.append(text, at, found - at);
        made += fresh;
        at = found + old.size();
        if (left > 0) --left;
        if (made.size() > context.bounds->value_bytes_max) return limit_error(text_limit_text);
        if (!old.empty()) continue;
        if (at >= text.size()) break;
        const auto step = code_point_length(text[at]);
        made.append(text, at, step);
        at += step;
    }
    if (at < text.size()) made.append(text, at);
    return build_string(context, made);
}

value split(evaluation_context& context, arguments given, const call_site&)
{
    return split_text(context, given[0].text(), given[1].text(),
                      given.size() == 3 ? given[2].as_int() : -1);
}

value join(evaluation_context& context, arguments given, const call_site&)
{
    const auto separator = given.size() == 2 ? given[1].text() : std::string_view{};
    std::size_t size = 0;
    for (const auto& item : given[0].items()) {
        if (!item.is(value_kind::string)) return no_overload(item);
        size += item.text().size() + separator.size();
    }
    if (size > 0) size -= separator.size();
    auto* text = build_text(context, size);
    if (text == nullptr) return limit_error(text_limit_text);
    std::size_t at = 0;
    for (const auto& item : given[0].items()) {
        if (at > 0 || &item != given[0].items().data())
            at += separator.copy(text + at, separator.size());
        at += item.text().copy(text + at, item.text().size());
    }
    return value::from_string({text, at});
}

value trimmed(evaluation_context&, arguments given, const call_site&)
{
    return value::from_string(trim(given[0].text()));
}

template <char first, char last>
value ascii_case(evaluation_context& context, arguments given, const call_site&)
{
    const auto text = given[0].text();
    auto* made = build_text(context, text.size());
    if (made == nullptr) return limit_error(text_limit_text);
    std::transform(text.begin(), text.end(), made, [](char c) {
        return c >= first && c <= last ? static_cast<char>(c ^ 0x20) : c;
    });
    return value::from_string({made, text.size()});
}

value reverse(evaluation_context& context, arguments given, const call_site&)
{
    const auto text = given[0].text();
    auto* made = build_text(context, text.size());
    if (made == nullptr) return limit_error(text_limit_text);
    for (std::size_t at = 0; at < text.size();) {
        const auto length = code_point_length(text[at]);
        text.copy(made + text.size() - at - length, length, at);
        at += length;
    }
    return value::from_string({made, text.size()});
}

value reverse_list(evaluation_context& context, arguments given, const call_site&)
{
    const auto items = given[0].items();
    if (!may_build_list(context, items.size())) return limit_error(list_limit_text);
    const auto made = context.arena->allocate_array<value>(items.size());
    std::reverse_copy(items.begin(), items.end(), made.begin());
    return value::from_list(made);
}

value quote(evaluation_context& context, arguments given, const call_site&)
{
    static constexpr std::string_view plain = "\a\b\f\n\r\t\v\\\"", letters = "abfnrtv\\\"";
    static thread_local std::string made;
    made.assign("\"");
    for (const char c : given[0].text()) {
        if (const auto found = plain.find(c); found != std::string_view::npos) {
            made += '\\';
            made += letters[found];
        } else {
            made += c;
        }
    }
    made += '"';
    return build_string(context, made);
}

value format(evaluation_context& context, arguments given, const call_site&)
{
    return format_text(context, given[0].text(), given[1].items());
}

result<std::shared_ptr<const void>> prepare_format(std::span<const value* const> given,
                                                   const limits&)
{
    if (given[0] == nullptr || !given[0]->is(value_kind::string))
        return std::shared_ptr<const void>{};
    const auto clauses = count_format_clauses(given[0]->text());
    if (!clauses) return clauses.error();
    return std::shared_ptr<const void>{};
}

}  // namespace

value split_text(evaluation_context& context, std::string_view text, std::string_view separator,
                 std::int64_t count)
{
    const auto limit =
        count < 0 ? context.bounds->value_elements_max + 1 : static_cast<std::size_t>(count);
    if (limit == 0) return value::from_list({});
    // One walk to count, one to cut: the list is made in its final size.
    const auto next = [&](std::size_t at) {
        if (!separator.empty()) return text.find(separator, at);
        const auto end = at < text.size() ? at + code_point_length(text[at]) : text.size();
        return end < text.size() ? end : std::string_view::npos;
    };
    std::size_t pieces = separator.empty() && text.empty() ? 0 : 1;
    for (std::size_t at = 0; pieces > 0 && pieces < limit; ++pieces) {
        at = next(at);
        if (at == std::string_view::npos) break;
        at += separator.size();
    }
    if (!may_build_list(context, pieces) ||
        !context.charge(static_cast<std::int64_t>(text.size()))) {
        return limit_error(list_limit_text);
    }
    const auto made = context.arena->allocate_array<value>(pieces);
    std::size_t at = 0;
    for (std::size_t i = 0; i < pieces; ++i) {
        const auto end = i + 1 == pieces ? text.size() : next(at);
        made[i] = value::from_string(text.substr(at, end - at));
        at = end + separator.size();
    }
    return value::from_list(made);
}

declarations string_functions()
{
    using enum value_kind;
    return {
        {"Strings",
         "charAt",
         "s.charAt(i)",
         "The character at offset i; empty at the end.",
         {{"'hello'.charAt(4)", "'o'"}, {"'hello'.charAt(6)", "error"}},
         {{true, {string, integer}, string, char_at}}},
        {"Strings",
         "indexOf",
         "s.indexOf(t[, from])",
         "Offset of the first occurrence, -1 without one.",
         {{"'hello'.indexOf('l')", "2"},
          {"'hello'.indexOf('l', 3)", "3"},
          {"'a'.indexOf('b')", "-1"}},
         {{true, {string, string}, integer, index_of},
          {true, {string, string, integer}, integer, index_of}}},
        {"Strings",
         "lastIndexOf",
         "s.lastIndexOf(t[, from])",
         "Offset of the last occurrence that starts at or before from.",
         {{"'hello'.lastIndexOf('l')", "3"}},
         {{true, {string, string}, integer, last_index_of},
          {true, {string, string, integer}, integer, last_index_of}}},
        {"Strings",
         "substring",
         "s.substring(a[, b])",
         "From offset a up to b; no clamping.",
         {{"'tacocat'.substring(4)", "'cat'"},
          {"'tacocat'.substring(0, 4)", "'taco'"},
          {"'a'.substring(2)", "error"}},
         {{true, {string, integer}, string, substring},
          {true, {string, integer, integer}, string, substring}}},
        {"Strings",
         "replace",
         "s.replace(t, r[, n])",
         "The first n (all when negative) occurrences of t replaced by r.",
         {{"'hello'.replace('l', 'L')", "'heLLo'"}, {"'ab'.replace('', '_')", "'_a_b_'"}},
         {{true, {string, string, string}, string, replace},
          {true, {string, string, string, integer}, string, replace}}},
        {"Strings",
         "split",
         "s.split(sep[, n])",
         "The parts between separators; at most n.",
         {{"'a,,b'.split(',')", "['a', '', 'b']"}, {"'a b c'.split(' ', 2)", "['a', 'b c']"}},
         {{true, {string, string}, list, split}, {true, {string, string, integer}, list, split}}},
        {"Strings",
         "join",
         "l.join([sep])",
         "A list of strings as one text.",
         {{"['a', 'b'].join('-')", "'a-b'"}, {"[].join('-')", "''"}},
         {{true, {list}, string, join}, {true, {list, string}, string, join}}},
        {"Strings",
         "trim",
         "s.trim()",
         "Without Unicode white space at both ends.",
         {{"' \\ta\\n'.trim()", "'a'"}},
         {{true, {string}, string, trimmed}}},
        {"Strings",
         "lowerAscii",
         "s.lowerAscii()",
         "ASCII letters to lower case.",
         {{"'TaÉ'.lowerAscii()", "'taÉ'"}},
         {{true, {string}, string, ascii_case<'A', 'Z'>}}},
        {"Strings",
         "upperAscii",
         "s.upperAscii()",
         "ASCII letters to upper case.",
         {{"'taé'.upperAscii()", "'TAé'"}},
         {{true, {string}, string, ascii_case<'a', 'z'>}}},
        {"Strings",
         "strings.quote",
         "strings.quote(s)",
         "In double quotes, control characters escaped.",
         {{"strings.quote('a\"b')", "'\"a\\\\\"b\"'"}},
         {{false, {string}, string, quote}}},
        {"Strings",
         "format",
         "s.format(l)",
         "Clauses %s %d %f %e %b %o %x %X with optional precision, filled from a list.",
         {{"'%s is %.2f'.format(['pi', 3.14159])", "'pi is 3.14'"}, {"'%d%%'.format([5])", "'5%'"}},
         {{true, {string, list}, string, format, prepare_format}}},
        {"Strings",
         "reverse",
         "s.reverse(), l.reverse()",
         "The characters or elements in reverse order.",
         {{"'gums'.reverse()", "'smug'"}, {"[1, 2].reverse()", "[2, 1]"}},
         {{true, {string}, string, reverse}, {true, {list}, list, reverse_list}}},
    };
}

}  // namespace sluice::rules::expression
