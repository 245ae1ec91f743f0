#pragma once
// The gateway's threads: one io_context each. An object that is made on one of them lives and dies
// there.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <cstddef>
#include <future>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::gateway {

class io_threads {
public:
    /// `count` 0: one per processor. The threads start at once.
    explicit io_threads(std::size_t count);
    /// Ends and joins them; objects on them must be gone.
    ~io_threads();
    io_threads(const io_threads&) = delete;
    io_threads& operator=(const io_threads&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return threads_.size(); }
    [[nodiscard]] boost::asio::io_context& context(std::size_t i) { return threads_[i]->context; }
    /// The thread that an object of this name lives on, the same at every start.
    [[nodiscard]] std::size_t thread_of(std::string_view name) const noexcept;

    /// Runs `f` on thread `i` and waits for it. Never call it from one of these threads.
    template <class F>
    auto run_on(std::size_t i, F f)
    {
        return boost::asio::post(context(i), boost::asio::use_future(std::move(f))).get();
    }
    /// The same for a coroutine.
    template <class T>
    T await_on(std::size_t i, boost::asio::awaitable<T> work)
    {
        return boost::asio::co_spawn(context(i), std::move(work), boost::asio::use_future).get();
    }

private:
    struct io_thread {
        boost::asio::io_context context{1};
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
            context.get_executor()};
        std::thread thread;
    };
    std::vector<std::unique_ptr<io_thread>> threads_;
};

}  // namespace sluice::gateway
