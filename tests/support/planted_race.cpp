// A race, and a process that is killed before it could tell of it by its exit code: the control of
// the runs under ThreadSanitizer (scripts/run_tests.py), which have to see it.
#include <csignal>
#include <thread>

namespace {

int shared = 0;

}  // namespace

int main()
{
    std::thread one([] { ++shared; });
    std::thread other([] { ++shared; });
    one.join();
    other.join();
    return std::raise(SIGKILL);
}
