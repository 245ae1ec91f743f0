#pragma once
// One attempt: a connection from the pool or a new one, the request, the answer, all before one
// deadline. Judges nothing. Lives on the destination's thread.

#include <chrono>
#include <cstdint>

#include "actions/destination.hpp"
#include "actions/http/connection_pool.hpp"
#include "actions/request_writer.hpp"
#include "actions/response_outcome.hpp"

namespace sluice::actions {

struct http_client_settings {
    std::uint64_t response_bytes_max = 64 * 1024;
    std::size_t body_bytes_kept = 4096;
    std::chrono::milliseconds retry_after_max{3'600'000};
    bool keeps_bodies_of_2xx = false;  ///< only conditions read them
};

class http_client {
public:
    http_client(connection_pool& pool, const request_writer& writer, wait_list& waits,
                tls_client* tls, http_client_settings settings)
        : pool_(pool), writer_(writer), waits_(waits), tls_(tls), settings_(settings)
    {
    }

    [[nodiscard]] boost::asio::awaitable<attempt_result> attempt(const outgoing_request& request,
                                                                 steady_time deadline);

private:
    [[nodiscard]] attempt_result read_answer(const connection& with) const;
    [[nodiscard]] attempt_result explain_loss(connection& with) const;
    [[nodiscard]] attempt_result give_up(connection& with) const;

    connection_pool& pool_;
    const request_writer& writer_;
    wait_list& waits_;
    tls_client* tls_;
    http_client_settings settings_;
};

}  // namespace sluice::actions
