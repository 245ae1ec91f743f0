#include "rules/request/template_string.hpp"

#include "rules/expression/json_writer.hpp"

namespace sluice::rules {
namespace {

using expression::error_kind;
using expression::value;
using expression::value_kind;

/// Offset of the `}}` that ends the expression starting at `from`; texts and braces inside are
/// skipped.
std::size_t end_of_expression(std::string_view text, std::size_t from)
{
    std::size_t depth = 0;
    for (auto i = from; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'' || c == '"') {
            const auto close = [&] {
                for (auto j = i + 1; j < text.size(); ++j) {
                    if (text[j] == '\\') {
                        ++j;
                    } else if (text[j] == c) {
                        return j;
                    }
                }
                return text.size();
            }();
            i = close;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}') {
            if (depth == 0)
                return i + 1 < text.size() && text[i + 1] == '}' ? i : std::string_view::npos;
            --depth;
        }
    }
    return std::string_view::npos;
}

bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

value no_text(const value& shown)
{
    if (shown.is_error()) return shown;
    if (shown.is_null() || shown.is_none()) {
        return value::absent_error(error_kind::no_matching_overload, "the value is null");
    }
    return value::error(error_kind::no_matching_overload, "the value is no text or number");
}

}  // namespace

bool append_text(const value& shown, std::string& into)
{
    switch (shown.kind()) {
        case value_kind::string:
        case value_kind::bytes:
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
            expression::append_double(shown.as_double(), into);
            return true;
        case value_kind::timestamp:
        case value_kind::duration: {
            std::string quoted;
            if (!expression::write_json(shown, quoted) || quoted.size() < 2) return false;
            into.append(quoted, 1, quoted.size() - 2);
            return true;
        }
        case value_kind::optional:
            return !shown.is_none() && append_text(shown.inner(), into);
        default:
            return false;
    }
}

void append_percent_encoded(std::string_view text, std::string& into)
{
    static constexpr std::string_view hex = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_unreserved(c)) {
            into += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        into += '%';
        into += hex[byte >> 4U];
        into += hex[byte & 15U];
    }
}

std::optional<template_string> template_string::compile(const source_text& source, scope& names,
                                                        std::uint32_t& ordinal)
{
    template_string out;
    out.source_ = source.text;
    const std::string_view text = source.text;
    std::size_t at = 0;
    bool is_good = true;
    while (at < text.size()) {
        const auto open = text.find("{{", at);
        if (open != at) out.parts_.push_back({std::string{text.substr(at, open - at)}, {}});
        if (open == std::string_view::npos) break;
        const auto close = end_of_expression(text, open + 2);
        if (close == std::string_view::npos) {
            names.problems().error(place_in(source, open), "`{{` without `}}`",
                                   "close the expression with }}");
            return std::nullopt;
        }
        auto code = names.compile(part_of(source, open + 2, close - open - 2), {}, ordinal);
        if (code && (code->type() == value_kind::list || code->type() == value_kind::map)) {
            names.problems().error(
                place_in(source, open + 2),
                "this expression gives a list or map, a text needs a single value",
                "pick an element, or join the list");
            is_good = false;
        }
        if (code) {
            ordinal += code->call_ordinals();
            out.parts_.push_back({{}, std::move(code)});
        } else {
            is_good = false;
        }
        at = close + 2;
    }
    if (!is_good) return std::nullopt;
    return out;
}

std::optional<value> template_string::render(expression::evaluation_context& context,
                                             std::string& into) const
{
    for (const auto& part : parts_) {
        if (!part.code) {
            into += part.literal;
            continue;
        }
        const auto made = part.code->evaluate(context);
        if (!append_text(made, into)) return no_text(made);
    }
    return std::nullopt;
}

std::optional<value> template_string::render_path(expression::evaluation_context& context,
                                                  std::string& into) const
{
    const auto begin = into.size();
    auto segment = begin;  // where the running segment starts
    bool is_made = false;  // the running segment holds a result
    std::string made_text;
    const auto is_bad = [&](std::size_t end) {
        const auto text = std::string_view{into}.substr(segment, end - segment);
        return is_made && (text.empty() || text == "." || text == "..");
    };
    static constexpr const char* bad_segment = "a path segment would be empty, '.' or '..'";
    for (const auto& part : parts_) {
        if (!part.code) {
            for (const char c : part.literal) {
                if (c == '/' || c == '?') {
                    if (is_bad(into.size()))
                        return value::error(error_kind::invalid_argument, bad_segment);
                    into += c;
                    segment = into.size();
                    is_made = false;
                } else {
                    into += c;
                }
            }
            continue;
        }
        const auto made = part.code->evaluate(context);
        made_text.clear();
        if (!append_text(made, made_text)) return no_text(made);
        append_percent_encoded(made_text, into);
        is_made = true;
    }
    if (is_bad(into.size())) return value::error(error_kind::invalid_argument, bad_segment);
    return std::nullopt;
}

bool template_string::is_constant() const
{
    for (const auto& part : parts_) {
        if (part.code) return false;
    }
    return true;
}

std::string_view template_string::leading_text() const
{
    return parts_.empty() || parts_.front().code ? std::string_view{} : parts_.front().literal;
}

std::string template_string::describe(const value& error) const
{
    for (const auto& part : parts_) {
        if (part.code) return part.code->describe(error);
    }
    return error.is_error() ? error.error_text() : "no text";
}

}  // namespace sluice::rules
