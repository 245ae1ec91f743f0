#include "actions/http/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ssl/error.hpp>

#include "actions/limits/retry_policy.hpp"

namespace sluice::actions {
namespace {

attempt_result result_of(attempt_cause cause, std::string detail)
{
    attempt_result made;
    made.cause = cause;
    made.detail = std::move(detail);
    return made;
}

/// Where a redirect points, for the alarm text: the host only, a path may hold a secret.
std::string_view host_of(std::string_view location)
{
    const std::size_t slashes = location.find("//");
    if (slashes == std::string_view::npos) return "a path of its own";
    location.remove_prefix(slashes + 2);
    location = location.substr(0, location.find_first_of("/?#"));
    const std::size_t at = location.rfind('@');
    return at == std::string_view::npos ? location : location.substr(at + 1);
}

/// For the steps of a rule, which read the answers of earlier ones.
void keep_for_step(const outgoing_request& request, const response_parser& answer)
{
    if (request.step == nullptr || !answer.has_status()) return;
    auto& kept = *request.step->answer;
    kept.status = answer.status();
    kept.headers = answer.fields();
    kept.body = answer.body();
    if (kept.body.size() > request.step->response_bytes_max) {
        kept.body.resize(request.step->response_bytes_max);
    }
}

}  // namespace

boost::asio::awaitable<attempt_result> http_client::attempt(const outgoing_request& request,
                                                            steady_time deadline)
{
    bool may_be_stale = true;
    auto kept_max = settings_.body_bytes_kept;
    auto read_max = settings_.response_bytes_max;
    if (request.step != nullptr) {
        *request.step->answer = {};
        kept_max = std::max<std::size_t>(kept_max, request.step->response_bytes_max);
        read_max = std::max(read_max, request.step->response_bytes_max);
    }
    while (true) {
        connection_ptr with = may_be_stale ? pool_.take_idle() : connection_ptr{};
        const bool reused = with != nullptr;
        if (!with) {
            auto opened = co_await pool_.open(deadline);
            if (!opened.with) {
                if (waits_.stopping() && waits_.clock().steady_now() >= *waits_.stop_at()) {
                    co_return result_of(attempt_cause::stopping, {});
                }
                co_return std::move(opened.failed);
            }
            with = std::move(opened.with);
        }
        with->out().clear();
        writer_.write(request, waits_.clock().wall_now(), with->out());
        with->begin(request.method != "HEAD", kept_max, read_max, request.step != nullptr);
        const wake why = co_await waits_.wait(with->answer_wait(), deadline, true);
        if (why != wake::ready) {
            attempt_result late = give_up(*with);
            keep_for_step(request, with->answer());
            with->close();
            pool_.give_back(std::move(with));
            co_return late;
        }
        if (with->ended() == connection::ending::lost && reused && !with->answer().started()) {
            // The peer closed while our request was on its way: it can't have read it as a request
            // of this connection and answered nothing, so it goes out once more, on a new
            // connection.
            pool_.give_back(std::move(with));
            may_be_stale = false;
            continue;
        }
        attempt_result answer =
            with->ended() == connection::ending::lost ? explain_loss(*with) : read_answer(*with);
        if (answer.status != 0) keep_for_step(request, with->answer());
        if (answer.status == 421) with->close();
        pool_.give_back(std::move(with));
        co_return answer;
    }
}

attempt_result http_client::read_answer(const connection& with) const
{
    const response_parser& answer = with.answer();
    attempt_result made;
    switch (with.ended()) {
        case connection::ending::malformed:
            return result_of(attempt_cause::malformed_answer,
                             fmt::format("the answer can't be read: {}", answer.problem()));
        case connection::ending::interim_flood:
            return result_of(attempt_cause::interim_flood, std::string(answer.problem()));
        default:
            break;
    }
    made.cause = with.sent_in_full() ? attempt_cause::answered : attempt_cause::early_answer;
    made.status = answer.status();
    const bool is_2xx = made.status >= 200 && made.status < 300;
    if (!is_2xx || settings_.keeps_bodies_of_2xx) made.body = answer.body();
    if (is_2xx) return made;
    if (made.status >= 300 && made.status < 400) {
        made.detail = fmt::format(
            "answered {} and points to {}; redirects are not followed, set `url` "
            "to the final address",
            made.status, host_of(answer.location()));
    } else {
        made.detail = fmt::format("answered {}", made.status);
    }
    if (!answer.retry_after().empty()) {
        made.retry_after = parse_retry_after(answer.retry_after(), waits_.clock().wall_now(),
                                             settings_.retry_after_max);
    }
    return made;
}

attempt_result http_client::explain_loss(connection& with) const
{
    if (tls_ != nullptr && with.tls() != nullptr &&
        with.error().category() == boost::asio::error::get_ssl_category()) {
        attempt_result found = tls_->explain(with.error(), *with.tls());
        if (found.cause == attempt_cause::tls_untrusted) return found;
    }
    if (with.tls() != nullptr && !with.has_answered() &&
        tls_client::was_asked_for_certificate(*with.tls())) {
        // TLS 1.3: the peer judges our certificate after the handshake is over for us, and its
        // alert may be lost to the reset
        return result_of(attempt_cause::tls_untrusted,
                         "the peer asked for a client certificate and then closed the connection; "
                         "check `tls.certificate_file` and `tls.key_file`");
    }
    const bool sent = with.sent_in_full();
    return result_of(
        sent ? attempt_cause::reset_waiting : attempt_cause::reset_sending,
        fmt::format("the connection was closed {}: {}",
                    sent ? "before an answer came; the receiver may have got the request"
                         : "while the request was being sent",
                    with.error().message()));
}

attempt_result http_client::give_up(connection& with) const
{
    // A body that drips: the status was there in time, and it decides.
    if (with.answer().has_status()) {
        attempt_result made;
        made.cause = with.sent_in_full() ? attempt_cause::answered : attempt_cause::early_answer;
        made.status = with.answer().status();
        made.body = with.answer().body();
        made.detail = fmt::format("answered {}, the body did not end in time", made.status);
        return made;
    }
    if (waits_.stopping() && waits_.clock().steady_now() >= *waits_.stop_at()) {
        return result_of(attempt_cause::stopping, {});
    }
    return result_of(
        attempt_cause::timeout,
        "no status came before `timeout` was over; the receiver may have got the request");
}

}  // namespace sluice::actions
