#include "rules/expression/printer.hpp"

#include <algorithm>
#include <cmath>

#include "rules/expression/functions/base64.hpp"
#include "rules/expression/functions/support.hpp"
#include "rules/expression/json_writer.hpp"

namespace sluice::rules::expression {

namespace {

void append_quoted(std::string_view text, bool bytes, std::string& into)
{
    static constexpr std::string_view hex = "0123456789abcdef";
    into += bytes ? "b'" : "'";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\'' || c == '\\') {
            into += '\\';
            into += c;
        } else if (c == '\n') {
            into += "\\n";
        } else if (byte < 0x20 || byte == 0x7f || (bytes && byte >= 0x80)) {
            into += "\\x";
            into += hex[byte >> 4];
            into += hex[byte & 15];
        } else {
            into += c;
        }
    }
    into += '\'';
}

void append_literal(const value& shown, std::string& into);

void append_literal_double(double number, std::string& into)
{
    if (!std::isfinite(number)) {
        into += "double('";
        append_double(number, into);
        into += "')";
        return;
    }
    const auto start = into.size();
    append_double(number, into);
    if (into.find_first_of(".e", start) == std::string::npos) into += ".0";
}

void append_literal_map(const value& shown, std::string& into)
{
    into += '{';
    for (const auto& entry : shown.entries()) {
        if (&entry != shown.entries().data()) into += ", ";
        append_literal(entry.key, into);
        into += ": ";
        append_literal(entry.item, into);
    }
    into += '}';
}

void append_literal_list(const value& shown, std::string& into)
{
    into += '[';
    for (const auto& item : shown.items()) {
        if (&item != shown.items().data()) into += ", ";
        append_literal(item, into);
    }
    into += ']';
}

void append_wrapped(std::string_view function, const value& shown, std::string& into)
{
    into += function;
    into += "('";
    append_text_form(shown, into);
    into += "')";
}

void append_literal(const value& shown, std::string& into)
{
    if (shown.is_raw()) {
        into += shown.text();
        return;
    }
    switch (shown.kind()) {
        case value_kind::any:
            into += "?";
            return;
        case value_kind::error:
            into += shown.error_text();
            return;
        case value_kind::null:
            into += "null";
            return;
        case value_kind::floating:
            append_literal_double(shown.as_double(), into);
            return;
        case value_kind::string:
            append_quoted(shown.text(), false, into);
            return;
        case value_kind::bytes:
            append_quoted(shown.text(), true, into);
            return;
        case value_kind::list:
            append_literal_list(shown, into);
            return;
        case value_kind::map:
            append_literal_map(shown, into);
            return;
        case value_kind::timestamp:
            append_wrapped("timestamp", shown, into);
            return;
        case value_kind::duration:
            append_wrapped("duration", shown, into);
            return;
        case value_kind::ip:
            append_wrapped("ip", shown, into);
            return;
        case value_kind::cidr:
            append_wrapped("cidr", shown, into);
            return;
        case value_kind::type:
            into += type_name(shown.named_type());
            return;
        case value_kind::optional:
            into += shown.is_none() ? "optional.none()" : "optional.of(";
            if (shown.is_none()) return;
            append_literal(shown.inner(), into);
            into += ')';
            return;
        case value_kind::unsigned_integer:
            append_text_form(shown, into);
            into += 'u';
            return;
        case value_kind::boolean:
        case value_kind::integer:
            append_text_form(shown, into);
            return;
    }
}

// Binding strength: an operand weaker than its place gets parentheses.
int strength(const node& at)
{
    if (at.kind != node_kind::call) return at.is_literal() && at.constant.is_number() ? 8 : 9;
    switch (at.op) {
        case operator_kind::none:
            return 9;
        case operator_kind::conditional:
            return 1;
        case operator_kind::logical_or:
            return 2;
        case operator_kind::logical_and:
            return 3;
        case operator_kind::add:
        case operator_kind::subtract:
            return 5;
        case operator_kind::multiply:
        case operator_kind::divide:
        case operator_kind::modulo:
            return 6;
        case operator_kind::logical_not:
        case operator_kind::negate:
            return 7;
        default:
            return 4;
    }
}

class printer {
public:
    std::string text;
    bool names_params = false;

    void print(const node& at, int needed = 0)
    {
        const bool wrap = strength(at) < needed;
        if (wrap) text += '(';
        body(at);
        if (wrap) text += ')';
    }

private:
    // .name, .`odd-name`, or ['any text']: the first that can be read back.
    void field(std::string_view name, bool optional)
    {
        const auto all = [&](std::string_view more) {
            return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
                return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       more.find(c) != std::string_view::npos;
            });
        };
        const bool keyword = name == "in" || name == "true" || name == "false" || name == "null";
        if (all("_.-/ ")) {
            const bool plain = all("_") && !(name[0] >= '0' && name[0] <= '9') && !keyword;
            text += optional ? ".?" : ".";
            if (!plain) text += '`';
            text += name;
            if (!plain) text += '`';
            return;
        }
        text += optional ? "[?" : "[";
        append_quoted(name, false, text);
        text += ']';
    }

    void operands(const node& at, std::size_t first)
    {
        for (std::size_t i = first; i < at.children.size(); ++i) {
            if (i > first) text += ", ";
            print(*at.children[i]);
        }
    }

    void body(const node& at)
    {
        switch (at.kind) {
            case node_kind::literal:
                if (names_params && !at.name.empty()) {
                    text += at.name;
                } else {
                    append_literal(at.constant, text);
                }
                return;
            case node_kind::identifier:
                text += (at.absolute ? "." : "") + at.name;
                return;
            case node_kind::select:
                if (at.presence) text += "has(";
                print(*at.children[0], 9);
                field(at.name, at.optional);
                if (at.presence) text += ')';
                return;
            case node_kind::path:
                if (at.presence) text += "has(";
                text += at.root;
                for (const auto& step : at.path) field(step.name, step.optional);
                if (at.presence) text += ')';
                return;
            case node_kind::index:
                print(*at.children[0], 9);
                text += at.optional ? "[?" : "[";
                print(*at.children[1]);
                text += ']';
                return;
            case node_kind::method:
                print(*at.children[0], 9);
                text += "." + at.name + "(";
                operands(at, 1);
                text += ')';
                return;
            case node_kind::call:
                if (at.op != operator_kind::none) return operation(at);
                text += (at.absolute ? "." : "") + at.name + "(";
                operands(at, 0);
                text += ')';
                return;
            case node_kind::list:
                return list(at);
            case node_kind::map:
                return map(at);
            case node_kind::macro:
                return macro(at);
        }
    }

    void operation(const node& at)
    {
        const auto own = strength(at);
        const auto symbol = operator_text(at.op);
        if (at.op == operator_kind::conditional) {
            print(*at.children[0], own + 1);
            text += " ? ";
            print(*at.children[1], own + 1);
            text += " : ";
            print(*at.children[2], own);
        } else if (at.op == operator_kind::logical_not || at.op == operator_kind::negate) {
            text += symbol;
            // "--x" and "!!x" are CEL, "-!x" is not
            const auto& operand = *at.children[0];
            print(operand, operand.is_operator(at.op) ? own : 9);
        } else {
            for (std::size_t i = 0; i < at.children.size(); ++i) {
                if (i > 0) text += " " + std::string(symbol) + " ";
                print(*at.children[i], i == 0 ? own : own + 1);
            }
        }
    }

    void list(const node& at)
    {
        text += '[';
        for (std::size_t i = 0; i < at.children.size(); ++i) {
            if (i > 0) text += ", ";
            if (at.optional_entries[i]) text += '?';
            print(*at.children[i]);
        }
        text += ']';
    }

    void map(const node& at)
    {
        text += '{';
        for (std::size_t i = 0; i < at.children.size(); i += 2) {
            if (i > 0) text += ", ";
            if (at.optional_entries[i / 2]) text += '?';
            print(*at.children[i]);
            text += ": ";
            print(*at.children[i + 1]);
        }
        text += '}';
    }

    void macro(const node& at)
    {
        if (at.macro == macro_kind::default_value || at.macro == macro_kind::coalesce) {
            text += at.name + "(";
            operands(at, 0);
        } else if (at.macro == macro_kind::bind) {
            text += "cel.bind(" + at.variables[0] + ", ";
            operands(at, 0);
        } else {
            print(*at.children[0], 9);
            text += "." + at.name + "(";
            for (const auto& name : at.variables) text += name + ", ";
            operands(at, 1);
        }
        text += ')';
    }
};

}  // namespace

std::string to_text(const node& root)
{
    printer made;
    made.print(root);
    return std::move(made.text);
}

std::string to_named_text(const node& root)
{
    printer made;
    made.names_params = true;
    made.print(root);
    return std::move(made.text);
}

std::string to_display_text(const value& shown, std::size_t length_max)
{
    std::string text;
    append_literal(shown, text);
    if (text.size() <= length_max) return text;
    auto cut = length_max;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    text.resize(cut);
    return text + "…";
}

}  // namespace sluice::rules::expression
