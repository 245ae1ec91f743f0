#include "gateway/http/session_machine.hpp"

#include <ctime>

#include "gateway/http/problem.hpp"

namespace sluice::gateway {
namespace {

/// A refused request's body up to this size is read and dropped, so that the connection stays
/// usable.
constexpr std::uint64_t dropped_body_bytes_max = 64 * 1024;
/// Long-lived connections stick to one thread; now and then a client has to connect anew.
constexpr std::uint64_t requests_per_connection_max = 10'000;
constexpr std::size_t kept_bytes_max = 16 * 1024;
constexpr std::string_view interim_answer = "HTTP/1.1 100 Continue\r\n\r\n";

void release_if_large(std::string& text)
{
    text.clear();
    if (text.capacity() > kept_bytes_max) text.shrink_to_fit();
}

}  // namespace

session_machine::session_machine(session_tools& tools, std::string_view peer)
    : tools_(tools), peer_(peer), check_(tools.limits)
{
}

session_step session_machine::next()
{
    if (state_ == state::head) read_head();
    if (state_ == state::body) read_body();
    switch (state_) {
        case state::head:
        case state::body:
            return has_ended_ ? session_step::close : session_step::read;
        case state::calling:
            return session_step::call;
        case state::interim:
        case state::answering:
            return session_step::write;
        case state::lingering:
            return session_step::linger;
        case state::closed:
            break;
    }
    return session_step::close;
}

session_phase session_machine::phase() const noexcept
{
    switch (state_) {
        case state::head:
            return buffer_.text().empty() ? session_phase::idle : session_phase::head;
        case state::body:
            return session_phase::body;
        case state::calling:
            return session_phase::endpoint;
        case state::interim:
        case state::answering:
            return session_phase::response;
        case state::lingering:
        case state::closed:
            break;
    }
    return session_phase::closing;
}

std::span<char> session_machine::room()
{
    return buffer_.room();
}

void session_machine::on_read(std::size_t bytes)
{
    buffer_.commit(bytes);
    add(tools_.stats.bytes_received, bytes);
}

void session_machine::on_end_of_stream()
{
    has_ended_ = true;
}

void session_machine::read_head()
{
    if (buffer_.text().empty()) return;
    const auto progress = check_.scan(buffer_.text());
    if (progress == scan_progress::refused) return refuse(check_.why());
    if (progress == scan_progress::done) accept_head();
}

/// Points the request at the buffer. Again after every read, because the buffer may have moved.
void session_machine::view_request()
{
    const auto message = buffer_.text();
    const auto& head = check_.head();
    request_.method = head.method.in(message);
    request_.target = head.target.in(message);
    request_.path = head.path.in(message);
    request_.query = head.query.in(message);
    headers_.clear();
    for (const auto& field : check_.fields()) {
        headers_.push_back({field.name.in(message), field.value.in(message)});
    }
    request_.headers = headers_;
    request_.body = {};
    request_.peer = peer_;
    request_.request_id = request_id_;
}

/// All that can be refused without the body is refused here, before the client sends it.
void session_machine::accept_head()
{
    add(tools_.stats.requests);
    ++requests_;
    view_request();
    policy_context context{request_, tools_.limits, tools_.ids, request_id_, inflated_};
    endpoint_ = nullptr;
    if (apply_policies(policy_stage::head, context, instead_)) {
        endpoint_ = tools_.routes.find(request_, instead_);
    }
    const auto& head = check_.head();
    std::uint64_t body_bytes_max = tools_.limits.body_bytes_max;
    if (endpoint_ == nullptr) {
        body_bytes_max = std::min(body_bytes_max, dropped_body_bytes_max);
        // the client may or may not send the body now: only a new connection is unambiguous
        if (head.expects_continue || head.content_length > body_bytes_max)
            return answer(instead_, false);
    }
    body_.start(head,
                {body_bytes_max, {tools_.limits.header_bytes_max, tools_.limits.headers_max}});
    state_ = state::body;
    if (head.expects_continue && buffer_.text().size() == head.size) {
        output_ = interim_answer;
        state_ = state::interim;
    }
}

void session_machine::read_body()
{
    const auto progress = body_.read(buffer_.bytes());
    if (progress == scan_progress::done) return dispatch();
    if (progress == scan_progress::need_more) return;
    if (endpoint_ != nullptr) return refuse(body_.why());
    answer(instead_, false);
}

void session_machine::dispatch()
{
    if (endpoint_ == nullptr) return answer(instead_, true);
    view_request();
    request_.body = body_.body(buffer_.text());
    policy_context context{request_, tools_.limits, tools_.ids, request_id_, inflated_};
    if (!apply_policies(policy_stage::body, context, instead_)) return answer(instead_, true);
    state_ = state::calling;
}

void session_machine::on_response(http_response response)
{
    answer(response, !response.close);
}

void session_machine::on_endpoint_failed()
{
    answer(
        make_problem(500, "Internal error",
                     "The gateway failed on this request; its log says more under the request id.",
                     request_id_),
        false);
}

void session_machine::answer(const http_response& response, bool keeps_alive)
{
    const auto& head = check_.head();
    closes_ = !keeps_alive || !head.keeps_alive || is_draining_ ||
              requests_ >= requests_per_connection_max;
    output_.clear();
    append_response(output_, response,
                    {.request_id = request_id_,
                     .date = tools_.dates.text(std::time(nullptr)),
                     .has_body = head.method.in(buffer_.text()) != "HEAD",
                     .keeps_alive = !closes_,
                     .is_http_1_0 = head.is_http_1_0});
    auto& stats = tools_.stats;
    add(response.status < 400   ? stats.responses_2xx
        : response.status < 500 ? stats.responses_4xx
                                : stats.responses_5xx);
    state_ = state::answering;
}

void session_machine::refuse(const refusal& why)
{
    add(tools_.stats.framing_errors);
    if (request_id_.empty()) tools_.ids.next(request_id_);
    answer(make_problem(why.status, reason_phrase(why.status), why.reason, request_id_), false);
}

void session_machine::on_written()
{
    add(tools_.stats.bytes_sent, output_.size());
    if (state_ == state::interim) {
        state_ = state::body;
    } else if (closes_) {
        state_ = has_ended_ ? state::closed : state::lingering;
    } else {
        begin_next_request();
    }
}

void session_machine::begin_next_request()
{
    buffer_.consume(body_.end());
    check_.reset();
    request_id_.clear();
    release_if_large(inflated_);
    release_if_large(output_);
    state_ = state::head;
}

void session_machine::on_deadline()
{
    switch (phase()) {
        case session_phase::head:
        case session_phase::body:
            add(tools_.stats.timeouts);
            if (request_id_.empty()) tools_.ids.next(request_id_);
            answer(make_problem(408, "Request timeout",
                                "The request did not arrive in time; send it faster.", request_id_),
                   false);
            break;
        case session_phase::response:
            add(tools_.stats.timeouts);
            state_ = state::closed;
            break;
        case session_phase::idle:
        case session_phase::closing:
            state_ = state::closed;
            break;
        case session_phase::endpoint:
            break;
    }
}

bool session_machine::drain()
{
    is_draining_ = true;
    return phase() == session_phase::idle;
}

}  // namespace sluice::gateway
