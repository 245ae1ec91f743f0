#include "config/clock.hpp"

#include <sys/random.h>

#include <array>
#include <bit>
#include <random>

namespace sluice {
namespace {

class machine_clock final : public clock_source {
public:
    wall_time wall_now() const override
    {
        return std::chrono::time_point_cast<std::chrono::nanoseconds>(
            std::chrono::system_clock::now());
    }
    steady_time steady_now() const override { return std::chrono::steady_clock::now(); }
};

/// xoshiro256++ of Blackman and Vigna: fast, 256 bits of state, passes the usual batteries. Not for
/// keys.
class xoshiro_random final : public random_source {
public:
    xoshiro_random()
    {
        const auto wanted = static_cast<ssize_t>(sizeof(state_));
        if (::getrandom(state_.data(), sizeof(state_), 0) != wanted) {
            std::random_device device;
            for (auto& word : state_) {
                word = (static_cast<std::uint64_t>(device()) << 32) | device();
            }
        }
        state_[0] |= 1;  // an all-zero state would stay zero for ever
    }

    std::uint64_t next() override
    {
        const std::uint64_t drawn = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return drawn;
    }

private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace

const clock_source& system_clock()
{
    static const machine_clock clock;
    return clock;
}

random_source& thread_random()
{
    thread_local xoshiro_random random;
    return random;
}

}  // namespace sluice
