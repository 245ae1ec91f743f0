#pragma once
// Checks that stay on in release builds: a broken invariant ends the process before it can lose an
// event.

#include <cstdio>
#include <cstdlib>

namespace sluice {

[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line)
{
    std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
    std::abort();
}

}  // namespace sluice

#define assert_always(condition, what) \
    ((condition) ? void(0) : ::sluice::assertion_failed(what, __FILE__, __LINE__))
