// The rules of request_check.hpp that need the whole head: target form, Host, lengths, codings.

#include <arpa/inet.h>

#include <array>
#include <string>

#include "gateway/http/ascii.hpp"
#include "gateway/http/request_check.hpp"

namespace sluice::gateway {
namespace {

constexpr byte_set host_bytes = make_byte_set("-._~!$&'()*+,;=%");
constexpr byte_set path_bytes = make_byte_set("-._~!$&'()*+,;=:@/%");

using verdict = std::optional<refusal>;
constexpr verdict accepted{};

struct authority {
    std::string_view host;
    std::string_view port;
};

/// Percent escapes are complete and hide no control byte.
bool has_sound_escapes(std::string_view text) noexcept
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') continue;
        if (i + 2 >= text.size()) return false;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 2 || low < 0 || (high == 7 && low == 15)) return false;
        i += 2;
    }
    return true;
}

bool is_port(std::string_view text) noexcept
{
    std::uint32_t number = 0;
    for (const char c : text) {
        if (!is_digit(c)) return false;
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
        if (number > 65535) return false;
    }
    return true;
}

bool is_ipv6(std::string_view text)
{
    std::array<char, 48> copy{};
    in6_addr parsed{};
    if (text.size() >= copy.size()) return false;
    text.copy(copy.data(), text.size());
    return inet_pton(AF_INET6, copy.data(), &parsed) == 1;
}

/// host[:port], IPv6 in brackets; nothing when it is neither.
std::optional<authority> parse_authority(std::string_view text)
{
    authority out;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return {};
        out.host = text.substr(0, close + 1);
        rest = text.substr(close + 1);
    } else {
        out.host = text.substr(0, text.find(':'));
        rest = text.substr(out.host.size());
        if (out.host.empty() || !has_sound_escapes(out.host)) return {};
        for (const char c : out.host) {
            if (!contains(host_bytes, c)) return {};
        }
    }
    if (!rest.empty()) {
        if (rest.front() != ':') return {};
        out.port = rest.substr(1);
    }
    if (!is_port(out.port)) return {};
    return out;
}

std::string_view with_default_port(std::string_view port)
{
    return port.empty() ? "80" : port;
}

bool is_same_server(const authority& a, const authority& b)
{
    return equals_ignoring_case(a.host, b.host) &&
           with_default_port(a.port) == with_default_port(b.port);
}

/// Finds path and query; `named` becomes the authority of an absolute target.
verdict split_target(std::string_view message, request_head& head, std::optional<authority>& named)
{
    const auto target = head.target.in(message);
    const auto method = head.method.in(message);
    std::size_t path_begin = 0;
    if (method == "CONNECT") {
        const auto to = parse_authority(target);
        if (!to || to->port.empty())
            return refusal{400, "CONNECT needs host and port as its target."};
        head.path = head.target;
        return accepted;
    }
    if (target == "*") {
        if (method != "OPTIONS") return refusal{400, "The target * belongs to OPTIONS."};
        head.path = head.target;
        return accepted;
    }
    if (target.front() != '/') {
        if (target.size() < 8 || !equals_ignoring_case(target.substr(0, 7), "http://")) {
            return refusal{400, "The request target must begin with / or http://."};
        }
        path_begin = std::min(target.find_first_of("/?", 7), target.size());
        named = parse_authority(target.substr(7, path_begin - 7));
        if (!named) return refusal{400, "The request target names no valid host."};
    }
    const auto question = std::min(target.find('?', path_begin), target.size());
    const auto path = target.substr(path_begin, question - path_begin);
    for (const char c : path) {
        if (!contains(path_bytes, c)) return refusal{400, "The path holds a byte it must not."};
    }
    const auto query = question == target.size() ? std::string_view{} : target.substr(question + 1);
    if (query.find_first_of("[]") != std::string_view::npos || !has_sound_escapes(target)) {
        return refusal{400, "The request target holds a broken or forbidden escape."};
    }
    head.path = {static_cast<std::uint32_t>(head.target.begin + path_begin),
                 static_cast<std::uint32_t>(path.size())};
    head.query = {static_cast<std::uint32_t>(head.target.begin + target.size() - query.size()),
                  static_cast<std::uint32_t>(query.size())};
    return accepted;
}

verdict read_length(std::string_view value, request_head& head)
{
    if (value.empty() || value.size() > 19) return refusal{400, "Content-Length is not a length."};
    if (value.size() > 1 && value.front() == '0') {
        return refusal{400, "Content-Length must not have leading zeros."};
    }
    std::uint64_t length = 0;
    for (const char c : value) {
        if (!is_digit(c)) return refusal{400, "Content-Length is not a number."};
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    head.has_length = true;
    head.content_length = length;
    return accepted;
}

verdict read_transfer_coding(std::string_view value, request_head& head)
{
    if (equals_ignoring_case(value, "chunked")) {
        head.is_chunked = true;
        return accepted;
    }
    // a list that ends in chunked is a sound message in a coding we do not have; all else is
    // nonsense
    const auto comma = value.rfind(',');
    if (comma != std::string_view::npos &&
        equals_ignoring_case(trimmed(value.substr(comma + 1)), "chunked")) {
        const auto first = trimmed(value.substr(0, comma));
        bool is_token = !first.empty() && !equals_ignoring_case(first, "chunked");
        for (const char c : first) is_token = is_token && contains(token_bytes, c);
        if (is_token) return refusal{501, "The only transfer coding here is chunked."};
    }
    return refusal{400, "Transfer-Encoding must be exactly: chunked."};
}

void read_connection_options(std::string_view value, bool& close, bool& keep_alive)
{
    while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        const auto option = trimmed(value.substr(0, comma));
        close = close || equals_ignoring_case(option, "close");
        keep_alive = keep_alive || equals_ignoring_case(option, "keep-alive");
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
}

/// The fields that may stand in a request once only, in the order of `seen`.
constexpr std::array<std::string_view, 8> singletons{
    "host",         "content-length", "transfer-encoding", "expect",
    "content-type", "authorization",  "content-encoding",  "origin"};
enum : std::size_t { host, content_length, transfer_encoding, expect, singleton_others };

struct field_facts {
    std::array<bool, singletons.size()> seen{};
    std::string_view host_value;
    std::string_view expectation;
    bool close = false;
    bool keep_alive = false;
};

verdict read_fields(std::string_view message, const std::vector<field_span>& fields,
                    field_facts& facts, request_head& head)
{
    for (const auto& field : fields) {
        const auto name = field.name.in(message);
        const auto value = field.value.in(message);
        if (equals_ignoring_case(name, "connection")) {
            read_connection_options(value, facts.close, facts.keep_alive);
            continue;
        }
        for (std::size_t i = 0; i < singletons.size(); ++i) {
            if (name.size() != singletons[i].size() || !equals_ignoring_case(name, singletons[i]))
                continue;
            if (facts.seen[i])
                return refusal{400, "A header field that may stand once is repeated."};
            facts.seen[i] = true;
            verdict broken;
            if (i == host) facts.host_value = value;
            if (i == expect) facts.expectation = value;
            if (i == content_length) broken = read_length(value, head);
            if (i == transfer_encoding) broken = read_transfer_coding(value, head);
            if (broken) return broken;
            break;
        }
    }
    return accepted;
}

verdict check_host(const field_facts& facts, const std::optional<authority>& named,
                   const request_head& head)
{
    if (!facts.seen[host]) {
        return head.is_http_1_0 ? accepted : verdict{refusal{400, "HTTP/1.1 needs a Host field."}};
    }
    const auto parsed = parse_authority(facts.host_value);
    if (!parsed) return refusal{400, "Host must be a name or address with an optional port."};
    if (named && !is_same_server(*named, *parsed)) {
        return refusal{400, "The target and the Host field name different servers."};
    }
    return accepted;
}

verdict check_framing(std::string_view message, const field_facts& facts,
                      const config::http_limits& limits, request_head& head)
{
    if (facts.seen[transfer_encoding] && (facts.seen[content_length] || head.is_http_1_0)) {
        return refusal{400, "Transfer-Encoding stands beside Content-Length or in HTTP/1.0."};
    }
    if (facts.seen[expect] && !head.is_http_1_0) {
        if (!equals_ignoring_case(facts.expectation, "100-continue")) {
            return refusal{417, "The only expectation here is 100-continue."};
        }
        head.expects_continue = head.has_body();
    }
    if (head.content_length > limits.body_bytes_max) {
        return refusal{413,
                       "The body is larger than the limit: send fewer events per request or raise "
                       "body_bytes_max."};
    }
    const auto method = head.method.in(message);
    if (!facts.seen[content_length] && !facts.seen[transfer_encoding] &&
        (method == "POST" || method == "PUT" || method == "PATCH")) {
        return refusal{411, "Send Content-Length or Transfer-Encoding: chunked."};
    }
    return accepted;
}

}  // namespace

std::optional<refusal> apply_head_rules(std::string_view message,
                                        const std::vector<field_span>& fields,
                                        const config::http_limits& limits, request_head& head)
{
    std::optional<authority> named;
    field_facts facts;
    if (auto broken = split_target(message, head, named)) return broken;
    if (auto broken = read_fields(message, fields, facts, head)) return broken;
    if (auto broken = check_host(facts, named, head)) return broken;
    if (auto broken = check_framing(message, facts, limits, head)) return broken;
    head.keeps_alive = !facts.close && (!head.is_http_1_0 || facts.keep_alive);
    return accepted;
}

}  // namespace sluice::gateway
