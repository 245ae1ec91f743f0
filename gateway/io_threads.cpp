#include "gateway/io_threads.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace sluice::gateway {

io_threads::io_threads(std::size_t count)
{
    if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) {
        auto& t = threads_.emplace_back(std::make_unique<io_thread>());
        t->thread = std::thread([&context = t->context] {
            // a handler that throws is a bug of ours: say so and keep the others running
            while (true) {
                try {
                    context.run();
                    return;
                } catch (const std::exception& e) {
                    spdlog::error("unexpected error on an I/O thread: {}", e.what());
                }
            }
        });
    }
}

io_threads::~io_threads()
{
    for (auto& t : threads_) t->guard.reset();
    for (auto& t : threads_) t->context.stop();
    for (auto& t : threads_) t->thread.join();
}

std::size_t io_threads::thread_of(std::string_view name) const noexcept
{
    std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    return hash % threads_.size();
}

}  // namespace sluice::gateway
