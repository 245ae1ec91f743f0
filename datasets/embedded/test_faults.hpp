#pragma once
// Faults that tests switch on by environment variables: they show that the crash tests would notice
// a loss, and end the process at chosen places. Never set in production; loudly logged when set.

#include <cstdint>
#include <string_view>

namespace sluice::datasets::embedded {

struct test_faults {
    bool skips_sync = false;         ///< SLUICE_TEST_NO_FSYNC=1
    bool acks_before_write = false;  ///< SLUICE_TEST_ACK_BEFORE_WRITE=1
    /// SLUICE_TEST_SMALL_BUFFERS=1: tables are written and records are trimmed often.
    bool has_small_buffers = false;
};

/// Read from the environment at every open of a log.
[[nodiscard]] test_faults read_test_faults();

/// Places at which SLUICE_TEST_CRASH_AT=<name>:<n> kills the process the n-th time it gets there.
enum class crash_place : std::uint8_t {
    append_before_write,
    append_before_ack,    ///< durable, not yet acknowledged
    cursor_before_write,  ///< delivered, and the cursor does not know it yet
    cursor_after_write,
    recovery_open,  ///< the store is open, its stock not yet taken
    recovery_end,
    trim_written,  ///< trimmed records are gone, their space not yet reclaimed
    trim_end,
    side_file,
    flush_begin,
    flush_end,
};

/// Nothing but a test of a flag when no crash was asked for.
void crash_here(crash_place place) noexcept;

}  // namespace sluice::datasets::embedded
