#pragma once
// How many a second, over the last full seconds. For one owner's use under its lock; time is a
// parameter.

#include <array>
#include <chrono>
#include <cstdint>

namespace sluice::datasets {

class rate_meter {
public:
    void count(std::uint64_t events, std::chrono::steady_clock::time_point now)
    {
        auto& slot = slots_[index(now)];
        if (slot.second != second(now)) slot = {second(now), 0};
        slot.events += events;
    }
    /// Of the seconds before the one that `now` is in.
    [[nodiscard]] std::uint64_t per_second(std::chrono::steady_clock::time_point now) const
    {
        std::uint64_t events = 0;
        for (const auto& slot : slots_) {
            const auto age = second(now) - slot.second;
            if (age >= 1 && age <= window) events += slot.events;
        }
        return events / window;
    }

private:
    static constexpr std::int64_t window = 5;
    struct one_second {
        std::int64_t second = -1'000;
        std::uint64_t events = 0;
    };

    static std::int64_t second(std::chrono::steady_clock::time_point at)
    {
        return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    }
    static std::size_t index(std::chrono::steady_clock::time_point at)
    {
        return static_cast<std::size_t>(second(at) % (window + 1));
    }

    std::array<one_second, window + 1> slots_{};
};

}  // namespace sluice::datasets
