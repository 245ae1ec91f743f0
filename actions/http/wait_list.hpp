#pragma once
// All timed waits of one destination behind a single timer. A request in flight costs two pointer
// writes instead of arming and cancelling a timer: the timer stands at the earliest due time it has
// ever seen and looks again only when it fires. Lives on the destination's thread; not locked.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "config/clock.hpp"

namespace sluice::actions {

enum class wake : std::uint8_t { ready, due, stopping };

class wait_list;

/// Something that is told when its time has come. Leaves its list when destroyed.
class timed_entry {
public:
    timed_entry() = default;
    timed_entry(const timed_entry&) = delete;
    timed_entry& operator=(const timed_entry&) = delete;
    virtual ~timed_entry() { unlink(); }

    [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }
    [[nodiscard]] steady_time due() const noexcept { return due_; }
    void unlink() noexcept;

protected:
    /// Called once, already out of the list. Must not destroy the list.
    virtual void fire(wake why) = 0;

private:
    friend class wait_list;
    timed_entry* next_ = nullptr;
    timed_entry* previous_ = nullptr;
    steady_time due_{};
    bool in_flight_ = false;
};

/// Calls a function when due; for closing a socket whose connect takes too long.
class alarm_entry final : public timed_entry {
public:
    explicit alarm_entry(std::function<void(wake)> action) : action_(std::move(action)) {}

private:
    void fire(wake why) override { action_(why); }
    std::function<void(wake)> action_;
};

/// One suspended coroutine.
class wait_entry final : public timed_entry {
public:
    /// Continues the coroutine from inside this call: only as the last act of a completion handler.
    void resume_now(wake why)
    {
        unlink();
        if (!handler_) return;
        auto handler = std::move(*handler_);
        handler_.reset();
        std::move(handler)(why);
    }
    /// Continues the coroutine from the event loop.
    void resume_later(wake why)
    {
        unlink();
        fire(why);
    }
    [[nodiscard]] bool waiting() const noexcept { return handler_.has_value(); }

private:
    friend class wait_list;
    using handler_type =
        boost::asio::async_result<boost::asio::use_awaitable_t<>, void(wake)>::handler_type;

    void fire(wake why) override
    {
        if (!handler_) return;
        auto executor = boost::asio::get_associated_executor(*handler_);
        boost::asio::post(
            executor, [handler = std::move(*handler_), why]() mutable { std::move(handler)(why); });
        handler_.reset();
    }

    std::optional<handler_type> handler_;
};

class wait_list {
public:
    wait_list(boost::asio::any_io_executor on, const clock_source& clock);
    ~wait_list();
    wait_list(const wait_list&) = delete;
    wait_list& operator=(const wait_list&) = delete;

    /// Suspends until somebody resumes `entry` or `due` has come. `in_flight`: an attempt, which
    /// stop() leaves alone until its grace is over.
    [[nodiscard]] boost::asio::awaitable<wake> wait(wait_entry& entry, steady_time due,
                                                    bool in_flight = false);
    [[nodiscard]] const clock_source& clock() const noexcept { return clock_; }
    /// Puts an alarm in; it fires once unless it is unlinked before.
    void add(timed_entry& entry, steady_time due, bool in_flight = false);

    /// Wakes every wait that is not an attempt, and bounds the attempts by `attempts_until`. Waits
    /// added afterwards wake at once, attempts and alarms added afterwards are bounded as well.
    void stop(steady_time attempts_until);
    [[nodiscard]] bool stopping() const noexcept { return stop_at_.has_value(); }
    [[nodiscard]] std::optional<steady_time> stop_at() const noexcept { return stop_at_; }

private:
    struct anchor final : timed_entry {
        void fire(wake) override {}
    };

    void link(timed_entry& entry) noexcept;
    void arm(steady_time due);
    void on_timer(std::uint64_t generation);

    boost::asio::steady_timer timer_;
    const clock_source& clock_;
    std::optional<steady_time> armed_for_;
    std::uint64_t generation_ = 0;
    std::optional<steady_time> stop_at_;
    anchor anchor_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::actions
