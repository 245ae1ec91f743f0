// A tabular file: its end declares functions with signatures, help and examples.
#include <algorithm>
#include <charconv>

#include "rules/expression/compare.hpp"
#include "rules/expression/functions/support.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

struct url_parts {
    std::string scheme;  // lower case
    std::string_view authority, host, port, path, query, fragment;
    bool has_authority = false, has_query = false, has_fragment = false;
};

bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool split_authority(url_parts& url)
{
    const auto at = url.authority.rfind('@');
    auto rest = at == std::string_view::npos ? url.authority : url.authority.substr(at + 1);
    if (rest.starts_with('[')) {
        const auto close = rest.find(']');
        if (close == std::string_view::npos) return false;
        url.host = rest.substr(1, close - 1);
        rest = rest.substr(close + 1);
        if (!rest.empty() && rest[0] != ':') return false;
        url.port = rest.empty() ? rest : rest.substr(1);
    } else {
        const auto colon = rest.find(':');
        url.host = rest.substr(0, colon);
        url.port = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
    }
    return url.port.find_first_not_of("0123456789") == std::string_view::npos &&
           url.port.size() <= 5;
}

// RFC 3986 with a scheme; nullopt for anything else.
std::optional<url_parts> parse_url(std::string_view text)
{
    url_parts url;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    for (const char c : text.substr(0, colon)) {
        if (!is_alnum(c) && c != '+' && c != '-' && c != '.') return std::nullopt;
        url.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    if (url.scheme[0] < 'a') return std::nullopt;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 ||
            std::string_view("<>\"{}|\\^`").find(c) != std::string_view::npos) {
            return std::nullopt;
        }
    }
    auto rest = text.substr(colon + 1);
    if (const auto hash = rest.find('#'); hash != std::string_view::npos) {
        url.fragment = rest.substr(hash + 1);
        url.has_fragment = true;
        rest = rest.substr(0, hash);
    }
    if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
        url.query = rest.substr(mark + 1);
        url.has_query = true;
        rest = rest.substr(0, mark);
    }
    if (rest.starts_with("//")) {
        const auto end = std::min(rest.find('/', 2), rest.size());
        url.authority = rest.substr(2, end - 2);
        url.has_authority = true;
        rest = rest.substr(end);
        if (!split_authority(url)) return std::nullopt;
    }
    url.path = rest;
    return url;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// nullopt for a bad escape or a result that is no UTF-8.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank)
{
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            made += plus_is_blank && text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        made += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (!is_valid_utf8(made)) return std::nullopt;
    return made;
}

value protocol(evaluation_context& context, arguments given, const call_site&)
{
    const auto url = parse_url(given[0].text());
    return url ? build_string(context, url->scheme) : value::null();
}

value host(evaluation_context& context, arguments given, const call_site&)
{
    const auto url = parse_url(given[0].text());
    if (!url || !url->has_authority || url->host.empty()) return value::null();
    std::string made(url->host);
    std::transform(made.begin(), made.end(), made.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return build_string(context, made);
}

value port(evaluation_context&, arguments given, const call_site&)
{
    static constexpr std::pair<std::string_view, int> ports[] = {
        {"http", 80}, {"ws", 80},   {"https", 443}, {"wss", 443},
        {"ftp", 21},  {"sftp", 22}, {"ssh", 22}};
    const auto url = parse_url(given[0].text());
    if (!url || !url->has_authority) return value::null();
    if (!url->port.empty()) {
        int number = 0;
        std::from_chars(url->port.data(), url->port.data() + url->port.size(), number);
        return number <= 65535 ? value::from_int(number) : value::null();
    }
    for (const auto& [scheme, number] : ports) {
        if (scheme == url->scheme) return value::from_int(number);
    }
    return value::null();
}

value path(evaluation_context&, arguments given, const call_site&)
{
    const auto url = parse_url(given[0].text());
    if (!url) return value::null();
    if (given.size() == 1 || given[1].as_bool()) return value::from_string(url->path);
    const auto slash = url->path.rfind('/');
    return value::from_string(slash == std::string_view::npos ? url->path
                                                              : url->path.substr(slash + 1));
}

enum class anchor { remove, retain, append };

value query(evaluation_context& context, arguments given, const call_site&)
{
    auto treatment = anchor::remove;
    if (given.size() == 2) {
        const auto word = given[1].text();
        if (word == "retain") {
            treatment = anchor::retain;
        } else if (word == "append") {
            treatment = anchor::append;
        } else if (word != "remove") {
            return invalid("the anchor of url.query() is 'remove', 'retain' or 'append'");
        }
    }
    const auto url = parse_url(given[0].text());
    if (!url) return invalid("the text is no URL");
    auto rest = given[0].text();
    if (!url->has_query) {
        rest = {};
    } else if (treatment == anchor::retain && url->has_fragment) {
        rest = rest.substr(static_cast<std::size_t>(url->query.data() - rest.data()));
    } else {
        rest = url->query;
    }
    std::vector<map_entry> entries;
    const auto add = [&](std::string_view key, std::string_view item) {
        const auto name = build_string(context, key);
        const auto content = build_string(context, item);
        if (name.is_error() || content.is_error()) return false;
        const bool known = std::any_of(entries.begin(), entries.end(),
                                       [&](const auto& e) { return equal(e.key, name); });
        if (!known) entries.push_back({name, content});
        return entries.size() <= 1000;
    };
    while (!rest.empty()) {
        const auto part = rest.substr(0, rest.find('&'));
        rest = part.size() == rest.size() ? std::string_view{} : rest.substr(part.size() + 1);
        if (part.empty()) continue;
        const auto equals = part.find('=');
        const auto name = percent_decoded(part.substr(0, equals), true);
        const auto content = percent_decoded(
            equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
        if (!name || !content) return invalid("the query of the URL has a bad escape");
        if (!add(*name, *content)) return limit_error("the query has too many parameters");
    }
    if (treatment == anchor::append && url->has_fragment && !add("_anchor_", url->fragment)) {
        return limit_error("the query has too many parameters");
    }
    const auto kept = context.arena->allocate_array<map_entry>(entries.size());
    std::copy(entries.begin(), entries.end(), kept.begin());
    return value::from_map(kept);
}

value encode(evaluation_context& context, arguments given, const call_site&)
{
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string made;
    for (const char c : given[0].text()) {
        if (is_alnum(c) || c == '-' || c == '_' || c == '.') {
            made += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        made += '%';
        made += digits[byte >> 4];
        made += digits[byte & 15];
    }
    return build_string(context, made);
}

value decode(evaluation_context& context, arguments given, const call_site&)
{
    const auto made = percent_decoded(given[0].text(), false);
    return made ? build_string(context, *made) : invalid("the text has a bad escape");
}

}  // namespace

declarations url_functions()
{
    using enum value_kind;
    return {
        {"URLs",
         "url.protocol",
         "url.protocol(s)",
         "The scheme in lower case; null without a valid URL.",
         {{"url.protocol('https://platform.adobe.com/home')", "'https'"},
          {"url.protocol('no url')", "null"}},
         {{false, {string}, any, protocol}}},
        {"URLs",
         "url.host",
         "url.host(s)",
         "The host in lower case, without user, port and brackets; null if invalid.",
         {{"url.host('foo://example.com:8042/over/there?name=ferret#nose')", "'example.com'"},
          {"url.host('http://u@[::1]:80/')", "'::1'"}},
         {{false, {string}, any, host}}},
        {"URLs",
         "url.port",
         "url.port(s)",
         "The port, or the usual one of http, https, ws, wss, ftp, sftp, ssh; else null.",
         {{"url.port('sftp://example.com//home/joe/employee.csv')", "22"},
          {"url.port('foo://example.com:8042/over/there?name=ferret#nose')", "8042"}},
         {{false, {string}, any, port}}},
        {"URLs",
         "url.path",
         "url.path(s[, full])",
         "The path as written; with false only its last segment; null if invalid.",
         {{"url.path('sftp://example.com//home/joe/employee.csv')", "'//home/joe/employee.csv'"},
          {"url.path('sftp://example.com//home/joe/employee.csv', false)", "'employee.csv'"}},
         {{false, {string}, any, path}, {false, {string, boolean}, any, path}}},
        {"URLs",
         "url.query",
         "url.query(s[, anchor])",
         "The decoded parameters, first of repeated names; anchor 'remove', 'retain' or 'append'.",
         {{"url.query('foo://example.com:8042/over/there?name=ferret#nose', 'retain')",
           "{'name': 'ferret#nose'}"},
          {"url.query('foo://example.com:8042/over/there?name=ferret#nose', 'append')",
           "{'name': 'ferret', '_anchor_': 'nose'}"},
          {"url.query('https://a.b/?x=1&x=2&y=a+b')", "{'x': '1', 'y': 'a b'}"},
          {"url.query('no url')", "error"}},
         {{false, {string}, map, query}, {false, {string, string}, map, query}}},
        {"URLs",
         "url.encode",
         "url.encode(s)",
         "Everything but letters, digits, '-', '_', '.' as %XX.",
         {{"url.encode('https://example.com/a_b')", "'https%3A%2F%2Fexample.com%2Fa_b'"},
          {"url.encode('a b~ü')", "'a%20b%7E%C3%BC'"}},
         {{false, {string}, string, encode}}},
        {"URLs",
         "url.decode",
         "url.decode(s)",
         "%XX decoded, '+' kept.",
         {{"url.decode('a%20b+c')", "'a b+c'"}, {"url.decode('100%')", "error"}},
         {{false, {string}, string, decode}}},
    };
}

}  // namespace sluice::rules::expression
