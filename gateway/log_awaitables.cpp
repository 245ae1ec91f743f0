#include "gateway/log_awaitables.hpp"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::gateway {

namespace asio = boost::asio;
using read_result = result<std::shared_ptr<const datasets::record_batch>>;

namespace {

/// The answer of one call. Whoever comes second, caller or log, finds the other's mark and acts on
/// it.
template <class Answer>
class pending_answer : public std::enable_shared_from_this<pending_answer<Answer>> {
public:
    explicit pending_answer(const asio::any_io_executor& on) : wake_(on)
    {
        wake_.expires_at(std::chrono::steady_clock::time_point::max());
    }

    /// On any thread, once.
    void set(result<Answer> answer)
    {
        answer_ = std::move(answer);
        if (first_.exchange(answered) == waiting) {
            asio::post(wake_.get_executor(),
                       [self = this->shared_from_this()] { self->wake_.cancel(); });
        }
    }

    asio::awaitable<result<Answer>> get()
    {
        if (first_.exchange(waiting) != answered) {
            co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return std::move(answer_);
    }

private:
    enum : int { nobody, answered, waiting };
    std::atomic<int> first_{nobody};
    result<Answer> answer_{failure{}};
    asio::steady_timer wake_;
};

}  // namespace

asio::awaitable<read_result> async_read(datasets::event_log& log,
                                        const datasets::partition_ref& partition, offset from)
{
    auto on = co_await asio::this_coro::executor;
    auto state =
        std::make_shared<pending_answer<std::shared_ptr<const datasets::record_batch>>>(on);
    log.read(partition, from, [state](read_result r) { state->set(std::move(r)); });
    co_return co_await state->get();
}

asio::awaitable<result<datasets::write_receipt>> async_commit(datasets::event_log& log,
                                                              const datasets::log_write& what)
{
    auto on = co_await asio::this_coro::executor;
    auto state = std::make_shared<pending_answer<datasets::write_receipt>>(on);
    log.write(what, [state](result<datasets::write_receipt> r) { state->set(std::move(r)); });
    co_return co_await state->get();
}

void wake_signal::notify_all()
{
    for (auto* timer : waiting_) timer->cancel();
}

asio::awaitable<void> wake_signal::wait()
{
    return wait_until(std::chrono::steady_clock::time_point::max());
}

asio::awaitable<void> wake_signal::wait_until(std::chrono::steady_clock::time_point until)
{
    asio::steady_timer timer(on_, until);
    waiting_.push_back(&timer);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    std::erase(waiting_, &timer);
}

struct log_waiter::shared {
    asio::steady_timer wake;
    std::atomic<std::uint64_t> round{0};
    explicit shared(const asio::any_io_executor& on) : wake(on) {}
};

log_waiter::log_waiter(datasets::event_log& log, const asio::any_io_executor& on)
    : log_(log), shared_(std::make_shared<shared>(on))
{
}

log_waiter::~log_waiter()
{
    shared_->round.fetch_add(1);
}

asio::awaitable<void> log_waiter::wait_beyond(const datasets::partition_ref& partition, offset seen)
{
    const auto round = shared_->round.fetch_add(1) + 1;
    shared_->wake.expires_at(std::chrono::steady_clock::time_point::max());
    const auto id = log_.wait_beyond(partition, seen, [shared = shared_, round] {
        asio::post(shared->wake.get_executor(), [shared, round] {
            // a late call must not end the wait of a later round
            if (shared->round.load() == round) shared->wake.cancel();
        });
    });
    co_await shared_->wake.async_wait(asio::as_tuple(asio::use_awaitable));
    log_.cancel_wait(id);
}

void log_waiter::cancel()
{
    shared_->wake.cancel();
}

}  // namespace sluice::gateway
