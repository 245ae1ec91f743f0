#include "gateway/completion_queue.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::gateway {

namespace asio = boost::asio;

/// One write under way. Two parties hold it: the engine until it has answered, and the coroutine
/// until it resumes, which with a timeout may be first. Recycled by its queue, so an event costs no
/// allocation.
class log_write_operation : public completion_node {
public:
    using resume_handler = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;
    static constexpr std::size_t untimed = ~std::size_t{0};

    explicit log_write_operation(completion_queue& queue) : queue_(queue)
    {
        complete = on_complete;
    }

    void start(datasets::event_log& log, const datasets::log_write& what)
    {
        is_abandoned_ = false;
        // one pointer fits into std::function without an allocation
        log.write(what, [this](result<datasets::write_receipt> outcome) {
            outcome_.emplace(std::move(outcome));
            queue_.push(this);
        });
    }

    /// The engine cannot have resumed it before: its answer comes through the queue of this very
    /// thread.
    void suspend(resume_handler handler) { waiting_.emplace(std::move(handler)); }

    void resume()
    {
        auto handler = std::move(*waiting_);
        waiting_.reset();
        handler();
    }

    /// The engine is too slow: the coroutine goes on without it.
    void abandon()
    {
        is_abandoned_ = true;
        resume();
    }
    [[nodiscard]] bool is_abandoned() const noexcept { return is_abandoned_; }

    [[nodiscard]] result<datasets::write_receipt> take_outcome()
    {
        auto out = std::move(*outcome_);
        outcome_.reset();
        return out;
    }

    steady_time deadline;
    std::size_t timed_index = untimed;  ///< place in write_pool::timed

private:
    static void on_complete(completion_node* self);

    completion_queue& queue_;
    std::optional<result<datasets::write_receipt>> outcome_;
    std::optional<resume_handler> waiting_;
    bool is_abandoned_ = false;
};

namespace {

/// How late a timeout may be noticed. Timeouts are seconds; a timer per write would cost more than
/// it gives.
constexpr std::chrono::milliseconds timeout_tick{100};

}  // namespace

/// The operations of one thread: free ones, and those whose timeout is watched.
struct completion_queue::write_pool {
    explicit write_pool(asio::io_context& on) : timer_(on) {}

    log_write_operation& acquire(completion_queue& queue)
    {
        if (free_.empty()) {
            owned_.push_back(std::make_unique<log_write_operation>(queue));
            free_.reserve(owned_.size());
            free_.push_back(owned_.back().get());
        }
        auto* operation = free_.back();
        free_.pop_back();
        return *operation;
    }
    void release(log_write_operation& operation) { free_.push_back(&operation); }

    void watch(log_write_operation& operation, std::chrono::milliseconds timeout)
    {
        operation.deadline = std::chrono::steady_clock::now() + timeout;
        operation.timed_index = timed_.size();
        timed_.push_back(&operation);
        if (!is_watching_) tick();
    }
    void forget(log_write_operation& operation)
    {
        if (operation.timed_index == log_write_operation::untimed) return;
        timed_.back()->timed_index = operation.timed_index;
        timed_[operation.timed_index] = timed_.back();
        timed_.pop_back();
        operation.timed_index = log_write_operation::untimed;
    }

private:
    void tick()
    {
        is_watching_ = true;
        timer_.expires_after(timeout_tick);
        timer_.async_wait([this](boost::system::error_code ec) {
            if (ec) return;
            is_watching_ = false;
            abandon_late();
            if (!timed_.empty() && !is_watching_) tick();
        });
    }
    /// A resumed coroutine may write again and change the list: what is late is collected first.
    void abandon_late()
    {
        const auto now = std::chrono::steady_clock::now();
        std::vector<log_write_operation*> late;
        for (auto* operation : timed_) {
            if (operation->deadline <= now) late.push_back(operation);
        }
        for (auto* operation : late) forget(*operation);
        for (auto* operation : late) operation->abandon();
    }

    std::vector<std::unique_ptr<log_write_operation>> owned_;
    std::vector<log_write_operation*> free_;
    std::vector<log_write_operation*> timed_;
    asio::steady_timer timer_;
    bool is_watching_ = false;
};

/// Late answers only give the operation back; nobody waits for them any more.
void log_write_operation::on_complete(completion_node* self)
{
    auto& operation = *static_cast<log_write_operation*>(self);
    auto& pool = *operation.queue_.writes_;
    if (operation.is_abandoned_) {
        operation.outcome_.reset();
        pool.release(operation);
        return;
    }
    pool.forget(operation);
    operation.resume();
}

asio::awaitable<result<datasets::write_receipt>> async_write(datasets::event_log& log,
                                                             datasets::log_write what,
                                                             completion_queue& queue,
                                                             std::chrono::milliseconds timeout)
{
    auto& pool = *queue.writes_;
    auto& operation = pool.acquire(queue);
    operation.start(log, what);
    if (timeout.count() > 0) pool.watch(operation, timeout);
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [&operation](log_write_operation::resume_handler handler) {
            operation.suspend(std::move(handler));
        },
        asio::use_awaitable);
    if (operation.is_abandoned()) {
        co_return failure{
            asio::error::timed_out,
            "the log has not confirmed the write in time; look at its disk and send again"};
    }
    auto outcome = operation.take_outcome();
    pool.release(operation);
    co_return outcome;
}

completion_queue::completion_queue(asio::io_context& on)
    : context_(on), writes_(std::make_unique<write_pool>(on))
{
}

completion_queue::~completion_queue() = default;

void completion_queue::push(completion_node* done)
{
    auto* before = head_.load(std::memory_order_relaxed);
    do {
        done->next = before;
    } while (!head_.compare_exchange_weak(before, done, std::memory_order_release,
                                          std::memory_order_relaxed));
    // whoever finds the queue empty wakes the thread; the rest of the burst rides along
    if (before == nullptr) asio::post(context_, [this] { drain(); });
}

void completion_queue::drain()
{
    auto* newest = head_.exchange(nullptr, std::memory_order_acquire);
    completion_node* oldest = nullptr;
    while (newest != nullptr) {
        auto* next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != nullptr) {
        auto* node = oldest;
        oldest = oldest->next;
        node->complete(node);
    }
}

}  // namespace sluice::gateway
