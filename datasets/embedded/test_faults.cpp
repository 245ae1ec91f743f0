#include "datasets/embedded/test_faults.hpp"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>

namespace sluice::datasets::embedded {

namespace {

bool is_set(const char* name)
{
    const char* value = std::getenv(name);
    return value && std::string_view(value) == "1";
}

constexpr std::array place_names{"append_before_write", "append_before_ack", "cursor_before_write",
                                 "cursor_after_write",  "recovery_open",     "recovery_end",
                                 "trim_written",        "trim_end",          "side_file",
                                 "flush_begin",         "flush_end"};

struct crash_order {
    int place = -1;
    std::atomic<int> times{0};

    crash_order()
    {
        const char* text = std::getenv("SLUICE_TEST_CRASH_AT");
        if (text == nullptr) return;
        const std::string_view order(text);
        const auto colon = order.find(':');
        for (std::size_t i = 0; i < place_names.size(); ++i) {
            if (order.substr(0, colon) == place_names[i]) place = static_cast<int>(i);
        }
        times = colon == std::string_view::npos ? 1 : std::atoi(text + colon + 1);
        if (place < 0) {
            spdlog::critical("SLUICE_TEST_CRASH_AT={} names no place", order);
            std::abort();
        }
    }
};

crash_order& order()
{
    static crash_order one;
    return one;
}

}  // namespace

test_faults read_test_faults()
{
    test_faults faults{is_set("SLUICE_TEST_NO_FSYNC"), is_set("SLUICE_TEST_ACK_BEFORE_WRITE"),
                       is_set("SLUICE_TEST_SMALL_BUFFERS")};
    if (faults.skips_sync || faults.acks_before_write) {
        spdlog::critical(
            "THE EVENT LOG RUNS WITH A TEST FAULT SWITCHED ON AND LOSES EVENTS: unset "
            "SLUICE_TEST_NO_FSYNC and SLUICE_TEST_ACK_BEFORE_WRITE");
    }
    return faults;
}

void crash_here(crash_place place) noexcept
{
    auto& asked = order();
    if (asked.place != static_cast<int>(place)) return;
    if (asked.times.fetch_sub(1) == 1) ::kill(::getpid(), SIGKILL);
}

}  // namespace sluice::datasets::embedded
