#pragma once
// Brings completed operations from engine threads to one io_context. Pushing is lock-free and
// allocates nothing; a burst costs one wake-up. One queue per I/O thread; it outlives every
// operation pushed to it.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "config/result.hpp"
#include "datasets/event_log.hpp"

namespace sluice::gateway {

/// Part of an operation that somebody else completes. Alive until `complete` has been called.
struct completion_node {
    completion_node* next = nullptr;
    /// Runs on the queue's io_context. May destroy the node.
    void (*complete)(completion_node* self) = nullptr;
};

class log_write_operation;

class completion_queue {
public:
    explicit completion_queue(boost::asio::io_context& on);
    /// Every operation must have completed: close the engines first, then run the io_context dry.
    ~completion_queue();
    completion_queue(const completion_queue&) = delete;
    completion_queue& operator=(const completion_queue&) = delete;

    /// Any thread. Nodes of one thread complete in the order they were pushed.
    void push(completion_node* done);

    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

private:
    friend class log_write_operation;
    friend boost::asio::awaitable<result<datasets::write_receipt>> async_write(
        datasets::event_log& log, datasets::log_write what, completion_queue& queue,
        std::chrono::milliseconds timeout);
    struct write_pool;

    void drain();

    boost::asio::io_context& context_;
    std::atomic<completion_node*> head_{nullptr};
    std::unique_ptr<write_pool> writes_;
};

/// Writes and suspends until the engine has answered. Everything in `what` only has to live until
/// the call has suspended. With a `timeout` (0: none) the caller gets asio::error::timed_out when
/// the engine takes longer; what was written may then still become durable. Call on the queue's
/// thread.
[[nodiscard]] boost::asio::awaitable<result<datasets::write_receipt>> async_write(
    datasets::event_log& log, datasets::log_write what, completion_queue& queue,
    std::chrono::milliseconds timeout = std::chrono::milliseconds{0});

}  // namespace sluice::gateway
