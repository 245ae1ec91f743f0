#pragma once
// Method and path to endpoint. Built once by assembly, then read by all threads.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/message.hpp"

namespace sluice::gateway {

/// May suspend (an append waits for its fsync). Runs on the session's thread. An exception that
/// leaves it becomes a 500 with the request id.
using endpoint_function = std::function<boost::asio::awaitable<http_response>(const http_request&)>;

class router {
public:
    /// Exact path, or a prefix when it ends in `/*`.
    void add(std::string method, std::string path, endpoint_function endpoint);

    /// The endpoint, or null with the problem (404, or 405 with Allow) in `otherwise`.
    [[nodiscard]] const endpoint_function* find(const http_request& request,
                                                http_response& otherwise) const;

private:
    struct route {
        std::string method;
        std::string path;
        bool is_prefix = false;
        endpoint_function endpoint;
    };
    std::vector<route> routes_;
};

}  // namespace sluice::gateway
