#include "gateway/admin/snapshot.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace sluice::gateway {

void read_process_usage(gateway_snapshot& into)
{
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    if (statm >> size >> resident) {
        into.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    }
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        const auto us = [](const timeval& t) {
            return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 +
                   static_cast<std::uint64_t>(t.tv_usec);
        };
        into.cpu_us = us(usage.ru_utime) + us(usage.ru_stime);
    }
}

}  // namespace sluice::gateway
