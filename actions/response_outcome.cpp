#include "actions/response_outcome.hpp"

namespace sluice::actions {
namespace {

constexpr verdict delivered{outcome_class::delivered};
constexpr verdict retry{outcome_class::retry};
constexpr verdict retry_then_setup_10{outcome_class::retry, 10};
constexpr verdict retry_then_setup_3{outcome_class::retry, 3};
constexpr verdict retry_then_reject_3{outcome_class::retry, 0, 3};
constexpr verdict retry_later{outcome_class::retry, 0, 0, true};
constexpr verdict throttle{outcome_class::throttle};
constexpr verdict throttle_later{outcome_class::throttle, 0, 0, true};
constexpr verdict setup{outcome_class::setup};
constexpr verdict reject{outcome_class::reject};
constexpr verdict disable{outcome_class::disable};

struct status_row {
    int first;
    int last;
    verdict what;
};

// The first row that holds the status decides, so single codes stand before their hundred.
constexpr status_row status_rows[] = {
    {200, 299, delivered},      {101, 101, setup},  // we never ask for an upgrade
    {300, 399, setup},                              // redirects are not followed
    {401, 407, setup},  // 401-407 except the rows below: credentials, URL, method, format
    {408, 408, retry},          {409, 409, retry_then_reject_3},  // often a duplicate
    {410, 410, disable},  // Standard Webhooks: the receiver is gone for good
    {411, 411, setup},    // a length is always sent
    {415, 415, setup},    // the format is wrong for every event
    {417, 417, retry},          {421, 421, retry},  // on a new connection
    {423, 425, retry},          {426, 426, setup},
    {429, 429, throttle_later}, {451, 451, setup},
    {400, 499, reject},  // 400, 412-416, 422, 428, 431 and the rest
    {501, 501, setup},          {502, 504, throttle},
    {505, 505, setup},          {511, 511, setup},
    {500, 599, retry},
};

}  // namespace

verdict judge_status(int status) noexcept
{
    for (const status_row& row : status_rows) {
        if (status >= row.first && status <= row.last) return row.what;
    }
    return retry_then_setup_10;
}

verdict judge(const attempt_result& attempt) noexcept
{
    switch (attempt.cause) {
        case attempt_cause::answered:
            if (attempt.by_condition == answer_judgement::failed) return {outcome_class::reject};
            if (attempt.by_condition == answer_judgement::again) return {outcome_class::retry};
            if (attempt.by_condition == answer_judgement::accepted) return delivered;
            if (attempt.by_condition == answer_judgement::unaccepted) return reject;
            return judge_status(attempt.status);
        case attempt_cause::early_answer: {
            // The receiver can't have read all of it: its "yes" is not one.
            const verdict by_status = judge_status(attempt.status);
            return by_status.next == outcome_class::delivered ? retry : by_status;
        }
        case attempt_cause::interim_flood:
            return retry;
        case attempt_cause::malformed_answer:
            return retry_then_setup_10;
        case attempt_cause::unknown_host:
            return retry_then_setup_3;
        case attempt_cause::resolver_failed:
            return retry;
        case attempt_cause::guard_refused:
            return setup;
        case attempt_cause::connect_refused:
            return retry;
        case attempt_cause::connect_failed:
            return retry;
        case attempt_cause::tls_untrusted:
            return setup;
        case attempt_cause::tls_failed:
            return retry_then_setup_10;
        case attempt_cause::reset_sending:
            return retry;
        case attempt_cause::reset_waiting:
            return retry;
        case attempt_cause::timeout:
            return retry_later;
        case attempt_cause::bad_request:
            return reject;
        case attempt_cause::stopping:
            return retry;
    }
    return retry;
}

std::string reason_text(const attempt_result& attempt)
{
    switch (attempt.cause) {
        case attempt_cause::answered: {
            if (attempt.by_condition == answer_judgement::failed) return "fail_when";
            if (attempt.by_condition == answer_judgement::again) return "retry_when";
            // The hot row: three digits behind a fixed text stay inside the small string.
            char text[] = "http_000";
            if (attempt.status < 0 || attempt.status > 999) return "http_unknown";
            text[5] = static_cast<char>('0' + attempt.status / 100);
            text[6] = static_cast<char>('0' + attempt.status / 10 % 10);
            text[7] = static_cast<char>('0' + attempt.status % 10);
            return std::string(text, 8);
        }
        case attempt_cause::early_answer:
            return "early_answer";
        case attempt_cause::interim_flood:
            return "interim_flood";
        case attempt_cause::malformed_answer:
            return "malformed_answer";
        case attempt_cause::unknown_host:
            return "unknown_host";
        case attempt_cause::resolver_failed:
            return "resolver";
        case attempt_cause::guard_refused:
            return "guard";
        case attempt_cause::connect_refused:
            return "connect_refused";
        case attempt_cause::connect_failed:
            return "connect_failed";
        case attempt_cause::tls_untrusted:
            return "tls";
        case attempt_cause::tls_failed:
            return "tls_handshake";
        case attempt_cause::reset_sending:
            return "reset_sending";
        case attempt_cause::reset_waiting:
            return "reset_waiting";
        case attempt_cause::timeout:
            return "timeout";
        case attempt_cause::bad_request:
            return "bad_request";
        case attempt_cause::stopping:
            return "stopping";
    }
    return "unknown";
}

bool counts_as_failure(const attempt_result& attempt, outcome_class next) noexcept
{
    if (attempt.cause == attempt_cause::stopping) return false;
    // 409 is about one event, and an answer besides: the destination is well.
    if (attempt.cause == attempt_cause::answered && attempt.status == 409) return false;
    return next == outcome_class::retry || next == outcome_class::throttle;
}

}  // namespace sluice::actions
