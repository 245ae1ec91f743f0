#include "datasets/embedded/store_health.hpp"

namespace sluice::datasets::embedded {

namespace {
constexpr std::chrono::milliseconds delay_min{100};
constexpr std::chrono::milliseconds delay_max{2000};
}  // namespace

void store_health::write_failed(write_fault fault, std::string text, steady_time now)
{
    const bool is_full = fault == write_fault::no_space;
    state_ = is_full ? log_health::refusing : log_health::reopening;
    reason_ = is_full
                  ? "the disk of the data folder is full (" + text +
                        "); free some space, writing "
                        "resumes by itself"
                  : "a write to the data folder failed (" + text + "); the store is being reopened";
    delay_ = delay_min;
    retry_at_ = now;
}

bool store_health::wants_reopen(std::uint64_t free_bytes, steady_time now)
{
    if (state_ == log_health::refusing && free_bytes >= space_needed_)
        state_ = log_health::reopening;
    return state_ == log_health::reopening && now >= retry_at_;
}

void store_health::reopened(bool is_open, std::string text, steady_time now)
{
    if (is_open) {
        state_ = log_health::ok;
        reason_.clear();
        return;
    }
    state_ = log_health::reopening;
    reason_ = "the store could not be reopened (" + text + "); it is tried again";
    retry_at_ = now + delay_;
    delay_ = std::min(delay_ * 2, delay_max);
}

}  // namespace sluice::datasets::embedded
