#include "actions/http/destination_guard.hpp"

#include <gtest/gtest.h>

namespace sluice::actions {
namespace {

namespace ip = boost::asio::ip;

guard_verdict judge(const destination_guard& guard, const char* address, std::uint16_t port = 443)
{
    return guard.judge(ip::make_address(address), port);
}

constexpr const char* refused[] = {"0.0.0.0",
                                   "0.0.0.1",
                                   "0.255.255.255",
                                   "10.0.0.0",
                                   "10.9.9.9",
                                   "10.255.255.255",
                                   "100.64.0.0",
                                   "100.100.100.200",
                                   "100.127.255.255",
                                   "127.0.0.0",
                                   "127.0.0.1",
                                   "127.1.2.3",
                                   "127.255.255.255",
                                   "169.254.0.0",
                                   "169.254.169.254",
                                   "169.254.170.2",
                                   "169.254.255.255",
                                   "172.16.0.0",
                                   "172.20.1.1",
                                   "172.31.255.255",
                                   "192.0.0.0",
                                   "192.0.0.192",
                                   "192.0.0.255",
                                   "192.0.2.0",
                                   "192.0.2.255",
                                   "192.88.99.0",
                                   "192.88.99.1",
                                   "192.88.99.255",
                                   "192.168.0.0",
                                   "192.168.1.1",
                                   "192.168.255.255",
                                   "198.18.0.0",
                                   "198.19.255.255",
                                   "198.51.100.0",
                                   "198.51.100.255",
                                   "203.0.113.0",
                                   "203.0.113.255",
                                   "224.0.0.0",
                                   "224.0.0.1",
                                   "239.255.255.250",
                                   "239.255.255.255",
                                   "240.0.0.0",
                                   "254.1.1.1",
                                   "255.255.255.255",
                                   "168.63.129.16",
                                   "::",
                                   "::1",
                                   "::7f00:1",
                                   "::a00:1",
                                   "::808:808",
                                   "::ffff:127.0.0.1",
                                   "::ffff:169.254.169.254",
                                   "::ffff:10.0.0.1",
                                   "::ffff:8.8.8.8",
                                   "64:ff9b::7f00:1",
                                   "64:ff9b::a9fe:a9fe",
                                   "64:ff9b::808:808",
                                   "64:ff9b:1::",
                                   "64:ff9b:1::7f00:1",
                                   "100::",
                                   "100::1",
                                   "100:0:0:1::1",
                                   "2001::",
                                   "2001:0:4136:e378::1",
                                   "2001:2::1",
                                   "2001:10::1",
                                   "2001:20::1",
                                   "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                                   "2001:db8::",
                                   "2001:db8::1",
                                   "2002:7f00:1::",
                                   "2002:a9fe:a9fe::1",
                                   "2002:ffff::1",
                                   "3fff::",
                                   "3fff:fff:ffff::1",
                                   "5f00::1",
                                   "5f00:ffff::1",
                                   "fc00::",
                                   "fd00:ec2::254",
                                   "fd20:ce::254",
                                   "fdff:ffff::1",
                                   "fe80::",
                                   "fe80::1",
                                   "febf:ffff::1",
                                   "fec0::1",
                                   "feff:ffff::1",
                                   "ff00::",
                                   "ff02::1",
                                   "ff0e::1",
                                   "4000::1",
                                   "8000::1",
                                   "1fff::1",
                                   "fbff::1"};

constexpr const char* allowed[] = {"1.0.0.0",
                                   "1.1.1.1",
                                   "8.8.8.8",
                                   "9.255.255.255",
                                   "11.0.0.0",
                                   "100.63.255.255",
                                   "100.128.0.0",
                                   "126.255.255.255",
                                   "128.0.0.0",
                                   "168.63.129.15",
                                   "168.63.129.17",
                                   "169.253.255.255",
                                   "169.255.0.0",
                                   "172.15.255.255",
                                   "172.32.0.0",
                                   "191.255.255.255",
                                   "192.0.1.0",
                                   "192.0.3.0",
                                   "192.88.98.255",
                                   "192.88.100.0",
                                   "192.167.255.255",
                                   "192.169.0.0",
                                   "198.17.255.255",
                                   "198.20.0.0",
                                   "198.51.99.255",
                                   "198.51.101.0",
                                   "203.0.112.255",
                                   "203.0.114.0",
                                   "223.255.255.255",
                                   "2001:200::1",
                                   "2001:4860:4860::8888",
                                   "2001:db7:ffff::1",
                                   "2001:db9::1",
                                   "2003::1",
                                   "2606:4700:4700::1111",
                                   "2a00:1450:4001::1",
                                   "3ffe:ffff::1"};

TEST(DestinationGuard, RefusesEveryAddressThatIsNotPlainlyPublic)
{
    const auto guard = *destination_guard::make({}, {});
    for (const char* address : refused) {
        EXPECT_FALSE(judge(guard, address).allowed) << address;
        EXPECT_FALSE(judge(guard, address).refused_as.empty()) << address;
    }
}

TEST(DestinationGuard, AllowsPublicAddressesUpToTheEdges)
{
    const auto guard = *destination_guard::make({}, {});
    for (const char* address : allowed) EXPECT_TRUE(judge(guard, address).allowed) << address;
}

TEST(DestinationGuard, AllowsExactlyTheNetworksThatTheOperatorNamed)
{
    const auto guard = *destination_guard::make({"10.2.0.0/16", "127.0.0.1", "fd00:1::/32"}, {});
    EXPECT_TRUE(judge(guard, "10.2.0.1").allowed);
    EXPECT_TRUE(judge(guard, "10.2.255.255").allowed);
    EXPECT_FALSE(judge(guard, "10.3.0.0").allowed);
    EXPECT_TRUE(judge(guard, "127.0.0.1").allowed);
    EXPECT_FALSE(judge(guard, "127.0.0.2").allowed);
    EXPECT_TRUE(judge(guard, "fd00:1::5").allowed);
    EXPECT_FALSE(judge(guard, "fd00:2::5").allowed);
    EXPECT_FALSE(judge(guard, "::ffff:10.2.0.1").allowed);
}

TEST(DestinationGuard, AllowsTheAddressesOfANamedHostOnlyForThatHost)
{
    const auto guard = *destination_guard::make({"CRM.internal"}, {});
    const auto address = ip::make_address("10.0.0.5");
    EXPECT_TRUE(guard.judge(address, 443, "crm.internal").allowed);
    EXPECT_FALSE(guard.judge(address, 443, "other.example").allowed);
}

TEST(DestinationGuard, DialsOnlyThePortsThatAreAllowed)
{
    const auto guard = *destination_guard::make({}, {8443});
    EXPECT_TRUE(judge(guard, "8.8.8.8", 80).allowed);
    EXPECT_TRUE(judge(guard, "8.8.8.8", 443).allowed);
    EXPECT_TRUE(judge(guard, "8.8.8.8", 8443).allowed);
    EXPECT_FALSE(judge(guard, "8.8.8.8", 22).allowed);
    EXPECT_FALSE(judge(guard, "8.8.8.8", 6379).allowed);
}

TEST(DestinationGuard, RefusesTheAddressesOfThisMachine)
{
    const auto guard = *destination_guard::make({}, {}, {ip::make_address("8.8.4.4")});
    EXPECT_FALSE(judge(guard, "8.8.4.4").allowed);
    EXPECT_TRUE(judge(guard, "8.8.8.8").allowed);
    EXPECT_FALSE(interface_addresses().empty());
}

TEST(DestinationGuard, RefusesNetworksItCannotRead)
{
    for (const char* text :
         {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129", "nonsense/8"}) {
        EXPECT_FALSE(destination_guard::make({text}, {})) << text;
    }
}

}  // namespace
}  // namespace sluice::actions
