#include "actions/http/destination_guard.hpp"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

namespace sluice::actions {
namespace {

namespace ip = boost::asio::ip;

struct range4 {
    std::uint32_t base;
    unsigned prefix;
    std::string_view name;
};

constexpr std::uint32_t quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d)
{
    return a << 24 | b << 16 | c << 8 | d;
}

constexpr range4 refused4[] = {
    {quad(0, 0, 0, 0), 8, "this network"},
    {quad(10, 0, 0, 0), 8, "private"},
    {quad(100, 64, 0, 0), 10, "carrier NAT"},
    {quad(127, 0, 0, 0), 8, "loopback"},
    {quad(169, 254, 0, 0), 16, "link local or cloud metadata"},
    {quad(172, 16, 0, 0), 12, "private"},
    {quad(192, 0, 0, 0), 24, "protocol assignments"},
    {quad(192, 0, 2, 0), 24, "documentation"},
    {quad(192, 88, 99, 0), 24, "6to4 relay"},
    {quad(192, 168, 0, 0), 16, "private"},
    {quad(198, 18, 0, 0), 15, "benchmarking"},
    {quad(198, 51, 100, 0), 24, "documentation"},
    {quad(203, 0, 113, 0), 24, "documentation"},
    {quad(224, 0, 0, 0), 4, "multicast"},
    {quad(240, 0, 0, 0), 4, "reserved or broadcast"},
    {quad(168, 63, 129, 16), 32, "cloud wire server"},
};

struct range6 {
    std::array<std::uint16_t, 4>
        head;  ///< the first 64 bits decide, except for the /96 and /128 rows
    unsigned prefix;
    std::string_view name;
};

// Rows inside 2000::/3; whatever lies outside is refused as a whole, with a better name where one
// exists.
constexpr range6 refused6[] = {
    {{0x0064, 0xff9b, 0x0001, 0}, 48, "local NAT64"},
    {{0x0100, 0, 0, 0}, 64, "discard only"},
    {{0x0100, 0, 0, 1}, 64, "dummy prefix"},
    {{0x2001, 0, 0, 0}, 23, "protocol assignments"},
    {{0x2001, 0x0db8, 0, 0}, 32, "documentation"},
    {{0x2002, 0, 0, 0}, 16, "6to4"},
    {{0x3fff, 0, 0, 0}, 20, "documentation"},
    {{0x5f00, 0, 0, 0}, 16, "segment routing"},
    {{0xfc00, 0, 0, 0}, 7, "unique local"},
    {{0xfe80, 0, 0, 0}, 10, "link local"},
    {{0xfec0, 0, 0, 0}, 10, "site local"},
    {{0xff00, 0, 0, 0}, 8, "multicast"},
};

bool same_prefix(const unsigned char* a, const unsigned char* b, unsigned bits)
{
    if (std::memcmp(a, b, bits / 8) != 0) return false;
    if (bits % 8 == 0) return true;
    const unsigned mask = 0xff00U >> (bits % 8) & 0xffU;
    return ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

std::string_view class_of(const ip::address_v4& address)
{
    for (const range4& range : refused4) {
        const std::uint32_t mask = range.prefix == 0 ? 0 : ~0U << (32 - range.prefix);
        if ((address.to_uint() & mask) == range.base) return range.name;
    }
    return {};
}

std::string_view class_of(const ip::address_v6& address)
{
    const auto bytes = address.to_bytes();
    const auto zero_until = [&](std::size_t count) {
        return std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count),
                           [](unsigned char b) { return b == 0; });
    };
    if (address.scope_id() != 0) return "scoped";
    if (address.is_unspecified()) return "unspecified";
    if (address.is_loopback()) return "loopback";
    if (address.is_v4_mapped()) return "IPv4-mapped";
    if (zero_until(12)) return "IPv4-compatible";
    constexpr std::array<unsigned char, 12> nat64{0, 0x64, 0xff, 0x9b};
    if (std::memcmp(bytes.data(), nat64.data(), nat64.size()) == 0) return "NAT64";
    for (const range6& range : refused6) {
        std::array<unsigned char, 16> base{};
        for (std::size_t i = 0; i < 4; ++i) {
            base[2 * i] = static_cast<unsigned char>(range.head[i] >> 8);
            base[2 * i + 1] = static_cast<unsigned char>(range.head[i] & 0xff);
        }
        if (same_prefix(bytes.data(), base.data(), range.prefix)) return range.name;
    }
    if ((bytes[0] & 0xe0) != 0x20) return "not global unicast";
    return {};
}

bool covers(const ip::address& base, unsigned prefix, const ip::address& address)
{
    if (base.is_v4() != address.is_v4()) return false;
    if (base.is_v4()) {
        const auto a = base.to_v4().to_bytes();
        const auto b = address.to_v4().to_bytes();
        return same_prefix(a.data(), b.data(), prefix);
    }
    const auto a = base.to_v6().to_bytes();
    const auto b = address.to_v6().to_bytes();
    return same_prefix(a.data(), b.data(), prefix);
}

}  // namespace

result<destination_guard> destination_guard::make(const std::vector<std::string>& allow_private,
                                                  std::vector<std::uint16_t> ports,
                                                  std::vector<ip::address> own_addresses)
{
    destination_guard guard;
    guard.ports_ = std::move(ports);
    guard.own_ = std::move(own_addresses);
    for (const std::string& text : allow_private) {
        const std::size_t slash = text.find('/');
        boost::system::error_code ec;
        const auto base = ip::make_address(text.substr(0, slash), ec);
        if (ec && slash == std::string::npos && !text.empty()) {
            std::string name = text;
            std::transform(name.begin(), name.end(), name.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
            });
            guard.hosts_.push_back(std::move(name));
            continue;
        }
        unsigned prefix = base.is_v4() ? 32 : 128;
        bool fine = !ec;
        if (fine && slash != std::string::npos) {
            const unsigned widest = prefix;
            const char* const end = text.data() + text.size();
            const auto parsed = std::from_chars(text.data() + slash + 1, end, prefix);
            fine = parsed.ec == std::errc{} && parsed.ptr == end && prefix <= widest;
        }
        if (!fine) {
            return failure{make_error_code(boost::system::errc::invalid_argument),
                           fmt::format("`allow_private` holds `{}`, which is no network; write for "
                                       "example 10.2.0.0/16, ::1/128 or a host name",
                                       text)};
        }
        guard.networks_.push_back({base, prefix});
    }
    return guard;
}

guard_verdict destination_guard::judge(const ip::address& address, std::uint16_t port,
                                       std::string_view host) const
{
    if (port != 80 && port != 443 &&
        std::find(ports_.begin(), ports_.end(), port) == ports_.end()) {
        return {false, "port not allowed"};
    }
    for (const network& allowed : networks_) {
        if (covers(allowed.base, allowed.prefix, address)) return {true, {}};
    }
    if (!host.empty() && std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end()) {
        return {true, {}};
    }
    const std::string_view name =
        address.is_v4() ? class_of(address.to_v4()) : class_of(address.to_v6());
    if (!name.empty()) return {false, name};
    if (std::find(own_.begin(), own_.end(), address) != own_.end()) {
        return {false, "an address of this machine"};
    }
    return {true, {}};
}

std::vector<ip::address> interface_addresses()
{
    std::vector<ip::address> found;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return found;
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
    for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr) continue;
        if (at->ifa_addr->sa_family == AF_INET) {
            sockaddr_in raw{};
            std::memcpy(&raw, at->ifa_addr, sizeof raw);
            found.emplace_back(ip::address_v4(ntohl(raw.sin_addr.s_addr)));
        } else if (at->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 raw{};
            std::memcpy(&raw, at->ifa_addr, sizeof raw);
            ip::address_v6::bytes_type bytes{};
            std::memcpy(bytes.data(), &raw.sin6_addr, bytes.size());
            found.emplace_back(ip::address_v6(bytes));
        }
    }
    return found;
}

}  // namespace sluice::actions
