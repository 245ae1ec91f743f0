#include "gateway/lanes/key_order.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::gateway {

namespace asio = boost::asio;

key_order::ticket key_order::enqueue(const std::string& key)
{
    auto mine = std::make_shared<asio::steady_timer>(on_);
    mine->expires_at(std::chrono::steady_clock::time_point::max());
    waiting_[key].push_back(mine);
    return mine;
}

asio::awaitable<void> key_order::turn(const std::string& key, ticket mine)
{
    while (!is_stopped_ && waiting_[key].front() != mine) {
        co_await mine->async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

void key_order::leave(const std::string& key)
{
    const auto found = waiting_.find(key);
    if (found == waiting_.end()) return;
    found->second.pop_front();
    if (found->second.empty()) {
        waiting_.erase(found);
    } else {
        found->second.front()->cancel();
    }
}

void key_order::stop()
{
    is_stopped_ = true;
    for (auto& [key, queue] : waiting_) {
        for (auto& t : queue) t->cancel();
    }
}

}  // namespace sluice::gateway
