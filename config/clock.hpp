#pragma once
// Time and randomness come in through these two interfaces, so that tests decide both.

#include <chrono>
#include <cstdint>

namespace sluice {

/// Wall-clock time in UTC with nanoseconds; what users see.
using wall_time = std::chrono::sys_time<std::chrono::nanoseconds>;
/// Time that never jumps; what deadlines and backoff are measured with.
using steady_time = std::chrono::steady_clock::time_point;

/// Thread-safe.
class clock_source {
public:
    virtual ~clock_source() = default;
    [[nodiscard]] virtual wall_time wall_now() const = 0;
    [[nodiscard]] virtual steady_time steady_now() const = 0;
};

/// 64 uniform bits a call. Not thread-safe: one per thread.
class random_source {
public:
    virtual ~random_source() = default;
    virtual std::uint64_t next() = 0;
};

/// The machine's clocks. One object for the whole process.
[[nodiscard]] const clock_source& system_clock();

/// Seeded from the operating system (xoshiro256++). One per thread.
[[nodiscard]] random_source& thread_random();

}  // namespace sluice
