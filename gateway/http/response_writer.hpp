#pragma once
// Turns a response into bytes: one buffer, one write. Values that would break the header are left
// out.

#include <ctime>
#include <string>
#include <string_view>

#include "gateway/http/message.hpp"

namespace sluice::gateway {

/// The Date header, formatted at most once a second. One per thread.
class date_cache {
public:
    [[nodiscard]] std::string_view text(std::time_t now);

private:
    std::time_t second_ = -1;
    std::string text_;
};

struct response_options {
    std::string_view request_id;
    std::string_view date;
    bool has_body = true;  ///< false for the answer to HEAD
    bool keeps_alive = true;
    bool is_http_1_0 = false;
};

/// Appends head and body to `out`.
void append_response(std::string& out, const http_response& response,
                     const response_options& options);

[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace sluice::gateway
