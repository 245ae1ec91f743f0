#include "actions/http/wait_list.hpp"

#include <algorithm>

namespace sluice::actions {

void timed_entry::unlink() noexcept
{
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
}

wait_list::wait_list(boost::asio::any_io_executor on, const clock_source& clock)
    : timer_(std::move(on)), clock_(clock)
{
    anchor_.next_ = anchor_.previous_ = &anchor_;
}

wait_list::~wait_list()
{
    *alive_ = false;
    while (anchor_.next_ != &anchor_) anchor_.next_->unlink();
    anchor_.next_ = anchor_.previous_ = nullptr;
}

// Not a coroutine itself: that would be one more frame on the path of every request.
boost::asio::awaitable<wake> wait_list::wait(wait_entry& entry, steady_time due, bool in_flight)
{
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(wake)>(
        [this, &entry, due, in_flight](wait_entry::handler_type handler) {
            entry.handler_.emplace(std::move(handler));
            if (stop_at_ && !in_flight) {
                entry.resume_later(wake::stopping);
            } else {
                add(entry, due, in_flight);
            }
        },
        boost::asio::use_awaitable);
}

void wait_list::add(timed_entry& entry, steady_time due, bool in_flight)
{
    entry.unlink();
    if (stop_at_) due = std::min(due, *stop_at_);
    entry.due_ = due;
    entry.in_flight_ = in_flight;
    link(entry);
    if (due != steady_time::max() && (!armed_for_ || due < *armed_for_)) arm(due);
}

void wait_list::stop(steady_time attempts_until)
{
    stop_at_ = stop_at_ ? std::min(*stop_at_, attempts_until) : attempts_until;
    bool any_left = false;
    timed_entry* entry = anchor_.next_;
    // fire() of a wait only posts, and alarms are kept: the list can't change under this loop.
    while (entry != &anchor_) {
        timed_entry* const next = entry->next_;
        if (entry->in_flight_) {
            entry->due_ = std::min(entry->due_, *stop_at_);
            any_left = true;
        } else {
            entry->unlink();
            entry->fire(wake::stopping);
        }
        entry = next;
    }
    if (any_left) {
        arm(*stop_at_);
    } else {
        ++generation_;
        armed_for_.reset();
        timer_.cancel();
    }
}

void wait_list::link(timed_entry& entry) noexcept
{
    entry.previous_ = anchor_.previous_;
    entry.next_ = &anchor_;
    anchor_.previous_->next_ = &entry;
    anchor_.previous_ = &entry;
}

void wait_list::arm(steady_time due)
{
    armed_for_ = due;
    const std::uint64_t generation = ++generation_;
    timer_.expires_after(std::max(due - clock_.steady_now(), steady_time::duration::zero()));
    timer_.async_wait([this, alive = alive_, generation](boost::system::error_code ec) {
        if (!ec && *alive) on_timer(generation);
    });
}

void wait_list::on_timer(std::uint64_t generation)
{
    if (generation != generation_) return;
    armed_for_.reset();
    const steady_time now = clock_.steady_now();
    const auto alive = alive_;
    steady_time earliest = steady_time::max();
    // An alarm may unlink its neighbours, so the walk starts again after each one that fires;
    // entries are few (the in-flight window) and due ones rare.
    bool again = true;
    while (again) {
        again = false;
        earliest = steady_time::max();
        for (timed_entry* entry = anchor_.next_; entry != &anchor_; entry = entry->next_) {
            if (entry->due_ > now) {
                earliest = std::min(earliest, entry->due_);
                continue;
            }
            entry->unlink();
            entry->fire(wake::due);
            if (!*alive) return;
            again = true;
            break;
        }
    }
    if (earliest != steady_time::max() && (!armed_for_ || earliest < *armed_for_)) arm(earliest);
}

}  // namespace sluice::actions
