#include "rules/definition/literal.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace sluice::rules {
namespace {

bool is_json_number(std::string_view s)
{
    std::size_t i = 0;
    const auto digits = [&] {
        const auto first = i;
        while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
        return i - first;
    };
    if (i < s.size() && s[i] == '-') ++i;
    const auto integer_first = i;
    const auto integer_digits = digits();
    if (integer_digits == 0 || (integer_digits > 1 && s[integer_first] == '0')) return false;
    if (i < s.size() && s[i] == '.') {
        ++i;
        if (digits() == 0) return false;
    }
    if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
        ++i;
        if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
        if (digits() == 0) return false;
    }
    return i == s.size();
}

/// The JSON spelling of a plain scalar, or empty when it is a text.
std::string_view plain_literal(std::string_view s)
{
    static constexpr std::array nulls{"", "~", "null", "Null", "NULL"};
    static constexpr std::array trues{"true", "True", "TRUE"};
    static constexpr std::array falses{"false", "False", "FALSE"};
    if (std::ranges::find(nulls, s) != nulls.end()) return "null";
    if (std::ranges::find(trues, s) != trues.end()) return "true";
    if (std::ranges::find(falses, s) != falses.end()) return "false";
    return is_json_number(s) ? s : std::string_view{};
}

void append(std::string& out, const config::node& value)
{
    switch (value.kind) {
        case config::node_kind::null:
            out += "null";
            return;
        case config::node_kind::scalar: {
            const auto plain = value.is_quoted ? std::string_view{} : plain_literal(value.text);
            if (plain.empty()) {
                append_json_string(out, value.text);
            } else {
                out += plain;
            }
            return;
        }
        case config::node_kind::list: {
            out += '[';
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                if (i != 0) out += ',';
                append(out, value.items[i]);
            }
            out += ']';
            return;
        }
        case config::node_kind::map: {
            out += '{';
            for (std::size_t i = 0; i < value.members.size(); ++i) {
                if (i != 0) out += ',';
                append_json_string(out, value.members[i].first.text);
                out += ':';
                append(out, value.members[i].second);
            }
            out += '}';
            return;
        }
    }
}

bool is_null_value(const config::node& value)
{
    return value.is_null() ||
           (value.is_scalar() && !value.is_quoted && plain_literal(value.text) == "null");
}

}  // namespace

bool is_json_literal(const config::node& scalar)
{
    if (scalar.is_null()) return true;
    return scalar.is_scalar() && !scalar.is_quoted && !plain_literal(scalar.text).empty();
}

std::string to_json(const config::node& value)
{
    std::string out;
    append(out, value);
    return out;
}

void append_json_string(std::string& out, std::string_view text)
{
    static constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    std::size_t clean = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, clean, i - clean);
        clean = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            default:
                out += "\\u00";
                out += hex[c >> 4U];
                out += hex[c & 15U];
        }
    }
    out.append(text, clean, text.size() - clean);
    out += '"';
}

config::node merge_patch(const config::node& target, const config::node& patch)
{
    if (!patch.is_map()) return patch;
    auto result = target.is_map() ? target : config::node{.kind = config::node_kind::map};
    for (const auto& [key, value] : patch.members) {
        const auto at = std::ranges::find_if(result.members, [&key = key](const auto& member) {
            return member.first.text == key.text;
        });
        if (is_null_value(value)) {
            if (at != result.members.end()) result.members.erase(at);
        } else if (at != result.members.end()) {
            at->second = merge_patch(at->second, value);
        } else {
            result.members.push_back({key, merge_patch({}, value)});
        }
    }
    return result;
}

}  // namespace sluice::rules
