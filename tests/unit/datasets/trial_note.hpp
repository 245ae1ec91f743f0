#pragma once
// Which trial of many is under way, told when the process aborts: the packaged RocksDB checks
// assertions, and a damaged byte may break one.

#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

namespace sluice::datasets {

inline std::array<char, 256> trial_under_way{};

/// From here on an abort tells `trial` on standard error. One thread at a time.
inline void note_trial(const std::string& trial)
{
    const auto line = trial + "\n";
    trial_under_way[line.copy(trial_under_way.data(), trial_under_way.size() - 1)] = 0;
    std::signal(SIGABRT, [](int) {
        const auto size = std::char_traits<char>::length(trial_under_way.data());
        (void)!::write(STDERR_FILENO, trial_under_way.data(), size);
    });
}

}  // namespace sluice::datasets
