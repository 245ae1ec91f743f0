#pragma once
// Order per key: an event waits until every earlier event of the window with the same key is
// finished. Keys without an event in flight cost nothing. One thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace sluice::gateway {

class key_order {
public:
    using ticket = std::shared_ptr<boost::asio::steady_timer>;

    explicit key_order(boost::asio::any_io_executor on) : on_(std::move(on)) {}

    /// Takes the next place of this key. Call in log order, before anything suspends.
    ticket enqueue(const std::string& key);
    /// Suspends until it is this ticket's turn (or stop()).
    boost::asio::awaitable<void> turn(const std::string& key, ticket mine);
    /// The event is finished: the next one of this key may go.
    void leave(const std::string& key);
    void stop();

private:
    boost::asio::any_io_executor on_;
    std::unordered_map<std::string, std::deque<ticket>> waiting_;
    bool is_stopped_ = false;
};

}  // namespace sluice::gateway
