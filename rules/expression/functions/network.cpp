// A tabular file: its end declares functions with signatures, help and examples.
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "rules/expression/compare.hpp"
#include "rules/expression/functions/support.hpp"

namespace sluice::rules::expression {

namespace {

std::optional<network_address> parse_ip(std::string_view text)
{
    char copy[INET6_ADDRSTRLEN + 1];
    if (text.empty() || text.size() >= sizeof copy) return std::nullopt;
    copy[text.copy(copy, text.size())] = '\0';
    network_address made{};
    if (text.find(':') == std::string_view::npos) {
        // inet_pton refuses leading zeros already
        if (inet_pton(AF_INET, copy, made.bytes) != 1) return std::nullopt;
        made.family = 4;
        made.prefix = 32;
        return made;
    }
    static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (inet_pton(AF_INET6, copy, made.bytes) != 1 || std::memcmp(made.bytes, mapped, 12) == 0)
        return std::nullopt;
    made.family = 6;
    made.prefix = 128;
    return made;
}

std::optional<network_address> parse_cidr(std::string_view text)
{
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto made = parse_ip(text.substr(0, slash));
    const auto digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto outcome = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (!made || outcome.ec != std::errc{} || outcome.ptr != digits.data() + digits.size() ||
        prefix > made->prefix || (digits.size() > 1 && digits[0] == '0')) {
        return std::nullopt;
    }
    made->prefix = static_cast<std::uint8_t>(prefix);
    return made;
}

const network_address* keep(evaluation_context& context, const network_address& address)
{
    const auto kept = context.arena->allocate_array<network_address>(1);
    kept[0] = address;
    return kept.data();
}

// The address with all bits behind the prefix cleared.
network_address masked(network_address address)
{
    for (unsigned bit = address.prefix; bit < (address.family == 4 ? 32u : 128u); ++bit) {
        address.bytes[bit / 8] =
            static_cast<std::uint8_t>(address.bytes[bit / 8] & ~(0x80u >> bit % 8));
    }
    return address;
}

bool covers(const network_address& net, network_address inner)
{
    if (net.family != inner.family || inner.prefix < net.prefix) return false;
    inner.prefix = net.prefix;
    return std::memcmp(masked(net).bytes, masked(inner).bytes, sizeof net.bytes) == 0;
}

value ip_of(evaluation_context& context, arguments given, const call_site&)
{
    if (given[0].is(value_kind::ip)) return given[0];
    const auto parsed = parse_ip(given[0].text());
    return parsed ? value::from_ip(keep(context, *parsed)) : invalid("the text is no IP address");
}

value cidr_of(evaluation_context& context, arguments given, const call_site&)
{
    const auto parsed = parse_cidr(given[0].text());
    return parsed ? value::from_cidr(keep(context, *parsed))
                  : invalid("the text is no network such as 10.0.0.0/8");
}

value is_ip(evaluation_context&, arguments given, const call_site&)
{
    return value::from_bool(parse_ip(given[0].text()).has_value());
}

value is_cidr(evaluation_context&, arguments given, const call_site&)
{
    return value::from_bool(parse_cidr(given[0].text()).has_value());
}

value is_canonical(evaluation_context&, arguments given, const call_site&)
{
    const auto parsed = parse_ip(given[0].text());
    if (!parsed) return invalid("the text is no IP address");
    return value::from_bool(network_text(value::from_ip(&*parsed)) == given[0].text());
}

value family(evaluation_context&, arguments given, const call_site&)
{
    return value::from_int(given[0].address().family);
}

bool all_zero(const network_address& a, std::size_t count)
{
    return std::all_of(a.bytes, a.bytes + count, [](auto byte) { return byte == 0; });
}

bool loopback(const network_address& a)
{
    return a.family == 4 ? a.bytes[0] == 127 : all_zero(a, 15) && a.bytes[15] == 1;
}

bool unspecified(const network_address& a)
{
    return all_zero(a, 16);
}

bool link_local_unicast(const network_address& a)
{
    return a.family == 4 ? a.bytes[0] == 169 && a.bytes[1] == 254
                         : a.bytes[0] == 0xfe && (a.bytes[1] & 0xc0) == 0x80;
}

bool link_local_multicast(const network_address& a)
{
    return a.family == 4 ? a.bytes[0] == 224 && a.bytes[1] == 0 && a.bytes[2] == 0
                         : a.bytes[0] == 0xff && (a.bytes[1] & 0x0f) == 0x02;
}

bool global_unicast(const network_address& a)
{
    const bool multicast = a.family == 4 ? (a.bytes[0] & 0xf0) == 0xe0 : a.bytes[0] == 0xff;
    const bool broadcast =
        a.family == 4 && std::all_of(a.bytes, a.bytes + 4, [](auto b) { return b == 255; });
    return !multicast && !broadcast && !loopback(a) && !unspecified(a) && !link_local_unicast(a);
}

template <bool (*test)(const network_address&)>
value address_is(evaluation_context&, arguments given, const call_site&)
{
    return value::from_bool(test(given[0].address()));
}

// A constant address is looked at when the rules are loaded; the calls parse it themselves.
template <bool wants_cidr>
result<std::shared_ptr<const void>> refuse_bad_address(std::span<const value* const> given,
                                                       const limits&)
{
    const auto* text = given[1];
    if (text == nullptr || !text->is(value_kind::string)) return std::shared_ptr<const void>{};
    const auto parsed = wants_cidr ? parse_cidr(text->text()) : parse_ip(text->text());
    if (!parsed) {
        return load_failure("'" + std::string(text->text()) + "' is no " +
                            (wants_cidr ? "network such as 10.0.0.0/8" : "IP address"));
    }
    return std::shared_ptr<const void>{};
}

value contains_ip(evaluation_context&, arguments given, const call_site&)
{
    if (given[1].is(value_kind::ip))
        return value::from_bool(covers(given[0].address(), given[1].address()));
    const auto parsed = parse_ip(given[1].text());
    return parsed ? value::from_bool(covers(given[0].address(), *parsed))
                  : invalid("the text is no IP address");
}

value contains_cidr(evaluation_context&, arguments given, const call_site&)
{
    if (given[1].is(value_kind::cidr))
        return value::from_bool(covers(given[0].address(), given[1].address()));
    const auto parsed = parse_cidr(given[1].text());
    return parsed ? value::from_bool(covers(given[0].address(), *parsed))
                  : invalid("the text is no network");
}

value cidr_ip(evaluation_context&, arguments given, const call_site&)
{
    return value::from_ip(&given[0].address());
}

value prefix_length(evaluation_context&, arguments given, const call_site&)
{
    return value::from_int(given[0].address().prefix);
}

value cidr_masked(evaluation_context& context, arguments given, const call_site&)
{
    return value::from_cidr(keep(context, masked(given[0].address())));
}

value is_mask(evaluation_context&, arguments given, const call_site&)
{
    const auto& net = given[0].address();
    return value::from_bool(std::memcmp(masked(net).bytes, net.bytes, sizeof net.bytes) == 0);
}

}  // namespace

std::string network_text(const value& address)
{
    const auto& a = address.address();
    char text[INET6_ADDRSTRLEN];
    inet_ntop(a.family == 4 ? AF_INET : AF_INET6, a.bytes, text, sizeof text);
    std::string made(text);
    if (address.is(value_kind::cidr)) made += "/" + std::to_string(a.prefix);
    return made;
}

declarations network_functions()
{
    using enum value_kind;
    const auto test = [](std::string_view name, std::string_view signature, std::string_view help,
                         std::string_view example, function_code code) {
        return function_declaration{
            "Network", name, signature, help, {{example, "true"}}, {{true, {ip}, boolean, code}}};
    };
    return {
        {"Network",
         "ip",
         "ip(s), C.ip()",
         "An address; of a network its address.",
         {{"string(ip('2001:DB8::1'))", "'2001:db8::1'"},
          {"ip('010.0.0.1')", "error"},
          {"ip('::ffff:1.2.3.4')", "error"}},
         {{false, {string}, ip, ip_of}, {false, {ip}, ip, ip_of}, {true, {cidr}, ip, cidr_ip}}},
        {"Network",
         "cidr",
         "cidr(s)",
         "A network; host bits are kept.",
         {{"string(cidr('10.1.2.3/8'))", "'10.1.2.3/8'"}, {"cidr('10.0.0.0')", "error"}},
         {{false, {string}, cidr, cidr_of}}},
        {"Network",
         "isIP",
         "isIP(s)",
         "Whether a text is an address.",
         {{"isIP('10.0.0.1')", "true"}, {"isIP('10.0.0')", "false"}},
         {{false, {string}, boolean, is_ip}}},
        {"Network",
         "isCIDR",
         "isCIDR(s)",
         "Whether a text is a network.",
         {{"isCIDR('10.0.0.0/8')", "true"}},
         {{false, {string}, boolean, is_cidr}}},
        {"Network",
         "ip.isCanonical",
         "ip.isCanonical(s)",
         "Whether an address is written in its canonical form.",
         {{"ip.isCanonical('2001:db8::1')", "true"}, {"ip.isCanonical('2001:DB8::1')", "false"}},
         {{false, {string}, boolean, is_canonical}}},
        {"Network",
         "family",
         "A.family()",
         "4 or 6.",
         {{"ip('::1').family()", "6"}},
         {{true, {ip}, integer, family}}},
        test("isLoopback", "A.isLoopback()", "127.0.0.0/8 or ::1.", "ip('127.0.0.1').isLoopback()",
             address_is<loopback>),
        test("isUnspecified", "A.isUnspecified()", "0.0.0.0 or ::.", "ip('::').isUnspecified()",
             address_is<unspecified>),
        test("isGlobalUnicast", "A.isGlobalUnicast()",
             "Neither multicast, loopback, link-local nor unspecified.",
             "ip('10.0.0.1').isGlobalUnicast()", address_is<global_unicast>),
        test("isLinkLocalUnicast", "A.isLinkLocalUnicast()", "169.254.0.0/16 or fe80::/10.",
             "ip('fe80::1').isLinkLocalUnicast()", address_is<link_local_unicast>),
        test("isLinkLocalMulticast", "A.isLinkLocalMulticast()", "224.0.0.0/24 or ff02::/16.",
             "ip('224.0.0.1').isLinkLocalMulticast()", address_is<link_local_multicast>),
        {"Network",
         "containsIP",
         "C.containsIP(A)",
         "Whether an address (typed or text) is in the network.",
         {{"cidr('10.0.0.0/8').containsIP('10.1.2.3')", "true"},
          {"cidr('10.0.0.0/8').containsIP(ip('::1'))", "false"}},
         {{true, {cidr, ip}, boolean, contains_ip},
          {true, {cidr, string}, boolean, contains_ip, refuse_bad_address<false>}}},
        {"Network",
         "containsCIDR",
         "C.containsCIDR(D)",
         "Whether a network is a part of the network.",
         {{"cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", "true"}},
         {{true, {cidr, cidr}, boolean, contains_cidr},
          {true, {cidr, string}, boolean, contains_cidr, refuse_bad_address<true>}}},
        {"Network",
         "prefixLength",
         "C.prefixLength()",
         "The length of the prefix.",
         {{"cidr('10.0.0.0/8').prefixLength()", "8"}},
         {{true, {cidr}, integer, prefix_length}}},
        {"Network",
         "masked",
         "C.masked()",
         "Without host bits.",
         {{"string(cidr('10.1.2.3/8').masked())", "'10.0.0.0/8'"}},
         {{true, {cidr}, cidr, cidr_masked}}},
        {"Network",
         "isMask",
         "C.isMask()",
         "Whether no host bit is set.",
         {{"cidr('10.1.2.3/8').isMask()", "false"}},
         {{true, {cidr}, boolean, is_mask}}},
    };
}

}  // namespace sluice::rules::expression
