#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "config/clock.hpp"
#include "config/diagnostic.hpp"
#include "config/secret_string.hpp"
#include "config/uuid.hpp"

namespace sluice {
namespace {

class fixed_random final : public random_source {
public:
    explicit fixed_random(std::uint64_t value) : value_(value) {}
    std::uint64_t next() override { return value_; }

private:
    std::uint64_t value_;
};

TEST(SecretString, PrintsAsStars)
{
    std::ostringstream out;
    out << secret_string("hunter2");
    EXPECT_EQ(out.str(), "***");
}

TEST(SecretString, CopiesMovesAndComparesLikeAValue)
{
    secret_string a("short");
    secret_string b = a;
    secret_string c = std::move(a);
    EXPECT_TRUE(b.equals("short"));
    EXPECT_TRUE(c.equals("short"));
    EXPECT_TRUE(a.empty());  // NOLINT: a moved-from secret is wiped
    EXPECT_FALSE(c.equals("shore"));
    EXPECT_FALSE(c.equals("shor"));
    EXPECT_FALSE(c.equals(""));
    c = secret_string("a text that is too long for the small buffer of a string");
    EXPECT_EQ(c.reveal().size(), 56u);
    EXPECT_TRUE(secret_string().equals(""));
}

TEST(Uuid, HasVersionVariantAndTime)
{
    const wall_time time(std::chrono::milliseconds(0x0123456789AB));
    fixed_random none(0);
    fixed_random all(~0ull);
    EXPECT_EQ(view(make_uuid_v7(time, none)), "01234567-89ab-7000-8000-000000000000");
    EXPECT_EQ(view(make_uuid_v7(time, all)), "01234567-89ab-7fff-bfff-ffffffffffff");
}

TEST(Uuid, SortsByTimeAndDoesNotRepeat)
{
    std::set<std::string> seen;
    std::string last;
    for (int ms = 0; ms < 1'000; ++ms) {
        const auto text = make_uuid_v7(wall_time(std::chrono::milliseconds(1'700'000'000'000 + ms)),
                                       thread_random());
        const std::string id(view(text));
        EXPECT_TRUE(std::regex_match(
            id, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")));
        EXPECT_LT(last, id);
        seen.insert(id);
        last = id;
    }
    EXPECT_EQ(seen.size(), 1'000u);
}

TEST(Random, ThreadsDrawDifferentNumbers)
{
    std::uint64_t other = 0;
    std::thread([&] { other = thread_random().next(); }).join();
    EXPECT_NE(thread_random().next(), other);
    EXPECT_NE(thread_random().next(), thread_random().next());
}

TEST(Clock, SteadyTimeDoesNotGoBack)
{
    const auto first = system_clock().steady_now();
    EXPECT_LE(first, system_clock().steady_now());
    EXPECT_GT(system_clock().wall_now(), wall_time(std::chrono::hours(24 * 365 * 50)));
}

}  // namespace

namespace config {
namespace {

TEST(NearestName, FindsSlipsAndIgnoresStrangers)
{
    const std::vector<std::string_view> names{"port", "address", "limits", "connections_max",
                                              "timeout"};
    EXPECT_EQ(nearest_name("prot", names), "port");
    EXPECT_EQ(nearest_name("adress", names), "address");
    EXPECT_EQ(nearest_name("LIMITS", names), "limits");
    EXPECT_EQ(nearest_name("max_connections", names), "connections_max");
    EXPECT_EQ(nearest_name("connections-max", names), "connections_max");
    EXPECT_EQ(nearest_name("timeout_ms", names), "timeout");
    EXPECT_EQ(nearest_name("colour", names), "");
    EXPECT_EQ(nearest_name("", names), "");
    EXPECT_EQ(nearest_name("port", {}), "");
}

TEST(Diagnostics, AreSortedByPlaceAndCountOnlyErrors)
{
    const auto file = std::make_shared<const std::string>("x.yaml");
    diagnostics problems;
    problems.warning({file, 9, 1}, "late");
    problems.error({file, 2, 5}, "second", "do this");
    problems.error({file, 2, 1}, "first");
    EXPECT_EQ(problems.error_count(), 2u);
    EXPECT_EQ(problems.to_text(),
              "x.yaml:2:1: error: first\n"
              "x.yaml:2:5: error: second\n"
              "  hint: do this\n"
              "x.yaml:9:1: warning: late\n");
}

TEST(Diagnostics, WithoutAnyTheTextIsEmpty)
{
    EXPECT_EQ(diagnostics().to_text(), "");
    EXPECT_FALSE(diagnostics().has_errors());
}

}  // namespace
}  // namespace config
}  // namespace sluice
