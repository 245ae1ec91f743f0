#pragma once
// Addresses of one destination's host: looked up off this thread, remembered for a few seconds,
// never longer than a deadline waits. Lives on the destination's thread.

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "actions/http/url.hpp"
#include "actions/http/wait_list.hpp"
#include "actions/response_outcome.hpp"

namespace sluice::actions {

class name_resolver {
public:
    name_resolver(boost::asio::any_io_executor on, const url& of, wait_list& waits);
    ~name_resolver();

    struct answer {
        std::vector<boost::asio::ip::tcp::endpoint> endpoints;
        std::optional<attempt_result> failed;
    };
    [[nodiscard]] boost::asio::awaitable<answer> resolve(steady_time deadline);
    /// No address of the last answer could be reached: ask again next time.
    void forget() noexcept { known_.clear(); }

private:
    /// One lookup and everybody who waits for it. Shared with the callback, which may come after
    /// us.
    struct lookup {
        std::vector<wait_entry*> waiting;
        boost::system::error_code ec;
        std::vector<boost::asio::ip::tcp::endpoint> endpoints;
        bool done = false;
    };

    void start_lookup();

    boost::asio::ip::tcp::resolver resolver_;
    const url& of_;
    wait_list& waits_;
    std::shared_ptr<lookup> current_;
    std::vector<boost::asio::ip::tcp::endpoint> known_;
    steady_time known_until_{};
};

}  // namespace sluice::actions
