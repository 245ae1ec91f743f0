#include "actions/limits/circuit.hpp"

#include <algorithm>

namespace sluice::actions {
namespace {
constexpr std::uint32_t good_probes_to_close = 2;
constexpr std::uint32_t window_attempts_min = 20;
constexpr std::chrono::seconds half_window_length{30};
}  // namespace

circuit::circuit(const config::circuit_settings& settings)
    : settings_(settings), open_for_(settings.open_for)
{
}

circuit::admission circuit::try_enter(steady_time now)
{
    if (state_ == breaker_state::closed) return {true, false, std::nullopt};
    if (state_ == breaker_state::open) {
        if (now < open_until_) return {false, false, open_until_};
        state_ = breaker_state::half_open;
        good_probes_ = 0;
        ++changes_;
    }
    if (probe_out_) return {false, false, std::nullopt};
    probe_out_ = true;
    return {true, true, std::nullopt};
}

void circuit::on_success(bool probe, steady_time now)
{
    if (state_ == breaker_state::closed) {
        failures_in_row_ = 0;
        count(false, now);
        return;
    }
    // Late answers of attempts from before the opening say nothing about now.
    if (!probe) return;
    probe_out_ = false;
    ++changes_;
    if (state_ == breaker_state::half_open && ++good_probes_ >= good_probes_to_close) close();
}

void circuit::on_failure(bool probe, steady_time now)
{
    if (state_ == breaker_state::closed) {
        ++failures_in_row_;
        count(true, now);
        const std::uint32_t attempts = current_.attempts + previous_.attempts;
        const std::uint32_t failures = current_.failures + previous_.failures;
        if (failures_in_row_ >= std::max(1U, settings_.failures_to_open) ||
            (attempts >= window_attempts_min && failures * 2 >= attempts)) {
            open_for_ = settings_.open_for;
            open(now);
        }
        return;
    }
    if (!probe) return;
    probe_out_ = false;
    open_for_ = std::min(open_for_ * 2, settings_.open_for_max);
    open(now);
}

void circuit::on_neutral(bool probe)
{
    if (!probe) return;
    probe_out_ = false;
    ++changes_;
}

void circuit::count(bool failed, steady_time now)
{
    const auto age = now - window_start_;
    if (age >= half_window_length) {
        previous_ = age >= 2 * half_window_length ? half_window{} : current_;
        current_ = {};
        window_start_ = now;
    }
    ++current_.attempts;
    if (failed) ++current_.failures;
}

void circuit::open(steady_time now)
{
    state_ = breaker_state::open;
    open_until_ = now + std::max(open_for_, std::chrono::milliseconds(1));
    ++times_opened_;
    ++changes_;
}

void circuit::close()
{
    state_ = breaker_state::closed;
    failures_in_row_ = 0;
    current_ = previous_ = {};
    ++changes_;
}

}  // namespace sluice::actions
