#include "actions/http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "actions/http/header_guard.hpp"

namespace sluice::actions {
namespace {

namespace ip = boost::asio::ip;

failure refuse(std::string_view what, std::string_view remedy)
{
    return failure{make_error_code(boost::system::errc::invalid_argument),
                   fmt::format("the URL can't be used: {}; {}", what, remedy)};
}

bool is_name(std::string_view host)
{
    if (host.empty() || host.size() > 253) return false;
    std::size_t label = 0;
    for (std::size_t i = 0; i < host.size(); ++i) {
        const char c = host[i];
        if (c == '.') {
            if (label == 0 || host[i - 1] == '-') return false;
            label = 0;
            continue;
        }
        const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!fine || (c == '-' && label == 0) || ++label > 63) return false;
    }
    return label != 0 && host.back() != '-';
}

/// Only digits, dots, `x` and hexadecimal letters, with a digit at the start of the last label:
/// some resolver will read it as a number.
bool looks_like_number(std::string_view host)
{
    if (host.find_first_not_of("0123456789abcdefx.") != std::string_view::npos) return false;
    const std::size_t dot = host.rfind('.');
    const char first_of_last = host[dot == std::string_view::npos ? 0 : dot + 1];
    return first_of_last >= '0' && first_of_last <= '9';
}

bool means_this_machine(std::string_view host)
{
    return host == "localhost" || host.ends_with(".localhost");
}

result<void> parse_host(std::string_view text, url& out, const std::vector<std::string>& allowed)
{
    if (text.starts_with("[")) {
        if (!text.ends_with("]")) return refuse("a bracket is not closed", "write [2001:db8::1]");
        text = text.substr(1, text.size() - 2);
        boost::system::error_code ec;
        const auto address = ip::make_address_v6(std::string(text), ec);
        if (ec || text.find('%') != std::string_view::npos || address.to_string() != text) {
            return refuse("the IPv6 address is not in its canonical form or has a zone",
                          "write it lower case and shortened, without a zone");
        }
        if (address.is_v4_mapped()) {
            return refuse("an IPv4 address is hidden in an IPv6 address", "write the IPv4 address");
        }
        out.host = std::string(text);
        out.host_is_address = out.host_is_ipv6 = true;
        return {};
    }
    if (text.empty()) return refuse("the host is missing", "write https://host/path");
    std::string host(text);
    std::transform(host.begin(), host.end(), host.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (!is_name(host)) {
        return refuse(
            "the host is not a plain name or address",
            "use letters, digits, `-` and dots only (punycode for other scripts), without "
            "a dot at the end");
    }
    if (looks_like_number(host)) {
        boost::system::error_code ec;
        const auto address = ip::make_address_v4(host, ec);
        if (ec || address.to_string() != host) {
            return refuse("the host looks like a number but is not a plain IPv4 address",
                          "write four decimal numbers such as 192.0.2.1");
        }
        out.host_is_address = true;
    }
    if (means_this_machine(host) &&
        std::find(allowed.begin(), allowed.end(), host) == allowed.end()) {
        return refuse("its host means this machine",
                      fmt::format("list `{}` under `allow_private` if that is intended", host));
    }
    out.host = std::move(host);
    return {};
}

result<std::uint16_t> parse_port(std::string_view text)
{
    unsigned value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || value == 0 || value > 65535) {
        return refuse("the port is not a number from 1 to 65535", "leave it out for 80 and 443");
    }
    return static_cast<std::uint16_t>(value);
}

}  // namespace

std::string url::authority() const
{
    std::string text = host_is_ipv6 ? fmt::format("[{}]", host) : host;
    if (!default_port) text += fmt::format(":{}", port);
    return text;
}

result<url> parse_url(std::string_view text, const std::vector<std::string>& hosts_allowed)
{
    url out;
    if (text.size() > url_bytes_max) {
        return refuse("it is too long", fmt::format("at most {} bytes", url_bytes_max));
    }
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
        return refuse("it holds spaces, control characters or non-ASCII letters",
                      "percent-encode them, write host names in punycode");
    }
    if (text.find('\\') != std::string_view::npos) return refuse("it holds a backslash", "use `/`");
    const std::size_t colon = text.find("://");
    const std::string_view scheme = text.substr(0, colon == std::string_view::npos ? 0 : colon);
    if (equal_ignoring_case(scheme, "https")) {
        out.tls = true;
    } else if (!equal_ignoring_case(scheme, "http")) {
        return refuse("its scheme is neither http nor https", "write https://host/path");
    }
    std::string_view rest = text.substr(colon + 3);
    if (rest.find('#') != std::string_view::npos) {
        return refuse("it holds a fragment", "leave out `#` and what follows");
    }
    const std::size_t slash = rest.find_first_of("/?");
    std::string_view authority = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
    if (authority.find('@') != std::string_view::npos) {
        return refuse("it holds a user name or password", "use the section `auth`");
    }
    const std::size_t bracket = authority.rfind(']');
    const std::size_t port_colon =
        authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    out.port = out.tls ? 443 : 80;
    if (port_colon != std::string_view::npos) {
        const auto port = parse_port(authority.substr(port_colon + 1));
        if (!port) return port.error();
        out.default_port = *port == out.port;
        out.port = *port;
        authority = authority.substr(0, port_colon);
    } else {
        out.default_port = true;
    }
    if (const auto host = parse_host(authority, out, hosts_allowed); !host) return host.error();
    const std::size_t question = rest.find('?');
    out.path = std::string(rest.substr(0, question));
    if (out.path.empty()) out.path = "/";
    if (question != std::string_view::npos) out.query = std::string(rest.substr(question + 1));
    return out;
}

}  // namespace sluice::actions
