#pragma once
// Decides what a connection does next: read, ask the endpoint, write, close. It does no I/O and
// knows no clock, so all framing cases run against it without a socket; `session` obeys it. One per
// connection.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings_gateway.hpp"
#include "gateway/http/body_reader.hpp"
#include "gateway/http/http_stats.hpp"
#include "gateway/http/message.hpp"
#include "gateway/http/policies.hpp"
#include "gateway/http/read_buffer.hpp"
#include "gateway/http/request_check.hpp"
#include "gateway/http/response_writer.hpp"
#include "gateway/http/router.hpp"

namespace sluice::gateway {

enum class session_step : std::uint8_t {
    read,    ///< into room(), then on_read
    call,    ///< the endpoint with request(), then on_response
    write,   ///< output(), then on_written
    linger,  ///< the last answer is out: shut down sending, drop what still comes, close
    close,   ///< nothing more to say
};

/// What the connection is waiting for; the driver takes deadlines by it.
enum class session_phase : std::uint8_t { idle, head, body, endpoint, response, closing };

/// What all machines of a thread share. Outlives them.
struct session_tools {
    const config::http_limits& limits;
    const router& routes;
    http_stats& stats;
    request_id_source ids;
    date_cache dates;
};

class session_machine {
public:
    session_machine(session_tools& tools, std::string_view peer);

    [[nodiscard]] session_step next();
    [[nodiscard]] session_phase phase() const noexcept;

    [[nodiscard]] std::span<char> room();
    void on_read(std::size_t bytes);
    void on_end_of_stream();

    [[nodiscard]] const http_request& request() const noexcept { return request_; }
    [[nodiscard]] const endpoint_function& endpoint() const noexcept { return *endpoint_; }
    void on_response(http_response response);
    /// The endpoint threw.
    void on_endpoint_failed();

    [[nodiscard]] std::string_view output() const noexcept { return output_; }
    void on_written();

    /// The deadline of the present phase has passed.
    void on_deadline();
    /// The next answer is the last one. True when nothing is under way: close at once.
    bool drain();

private:
    enum class state : std::uint8_t { head, body, calling, interim, answering, lingering, closed };

    void read_head();
    void read_body();
    void accept_head();
    void dispatch();
    void view_request();
    void answer(const http_response& response, bool keeps_alive);
    void refuse(const refusal& why);
    void begin_next_request();

    session_tools& tools_;
    std::string peer_;
    read_buffer buffer_;
    request_check check_;
    body_reader body_;
    http_request request_;
    std::vector<http_header> headers_;
    std::string request_id_;
    std::string inflated_;
    std::string output_;
    http_response instead_;
    const endpoint_function* endpoint_ = nullptr;
    std::uint64_t requests_ = 0;
    state state_ = state::head;
    bool has_ended_ = false;  ///< the client sends no more
    bool is_draining_ = false;
    bool closes_ = false;  ///< after the answer under way
};

}  // namespace sluice::gateway
