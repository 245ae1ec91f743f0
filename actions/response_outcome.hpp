#pragma once
// The outcome table: what one attempt met, and which class that is. Pure functions over values; the
// delivery machine asks here and nowhere else, so a changed row changes every destination.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actions/outcome.hpp"

namespace sluice::actions {

/// How one attempt ended, without judgement.
enum class attempt_cause : std::uint8_t {
    answered,          ///< a final status arrived; the body may be cut
    early_answer,      ///< a final status before the request was sent in full
    interim_flood,     ///< more than ten 1xx answers
    malformed_answer,  ///< not HTTP, or a header beyond the limit
    unknown_host,      ///< the name does not exist
    resolver_failed,   ///< the resolver gave no answer
    guard_refused,     ///< every address is one the guard refuses
    connect_refused,
    connect_failed,  ///< unreachable, or the connect timeout passed
    tls_untrusted,   ///< certificate, name, key strength or version: the peer can't be trusted
    tls_failed,      ///< handshake broken, reset or not TLS at all
    reset_sending,   ///< the peer went away while we were sending
    reset_waiting,   ///< the peer went away after the request, before a status
    timeout,         ///< the deadline passed without a status
    bad_request,     ///< our request can't be put on the wire (CR, LF, NUL, reserved name, size)
    stopping,        ///< this process is shutting down
};

/// What the destination's own `fail_when` or `retry_when`, or the step that asked, says about an
/// answer; it wins over the status.
enum class answer_judgement : std::uint8_t { none, failed, again, accepted, unaccepted };

/// What came back. `detail` is for people and holds no secret.
struct attempt_result {
    attempt_cause cause = attempt_cause::answered;
    int status = 0;
    std::string detail;
    std::string body;  ///< start of the answer
    std::optional<std::chrono::milliseconds>
        retry_after;  ///< as answered, already cut to the limit
    answer_judgement by_condition = answer_judgement::none;
};

/// One row of the table.
struct verdict {
    outcome_class next = outcome_class::retry;
    /// After so many of this cause in a row at this destination the class becomes `setup`; 0:
    /// never.
    std::uint8_t setup_after = 0;
    /// After so many of these answers to one event the class becomes `reject`; 0: never.
    std::uint8_t reject_after = 0;
    /// No further attempt from memory: the receiver is slow or asked for air, wait at least a
    /// minute.
    bool wait_a_minute = false;
};

/// Row for a final HTTP status.
[[nodiscard]] verdict judge_status(int status) noexcept;
/// Row for an attempt, whatever happened.
[[nodiscard]] verdict judge(const attempt_result& attempt) noexcept;
/// Short and stable, for metrics and dead letters: `http_503`, `timeout`, `tls`, `guard`.
[[nodiscard]] std::string reason_text(const attempt_result& attempt);
/// True when the attempt speaks against the health of the destination (feeds the breaker).
[[nodiscard]] bool counts_as_failure(const attempt_result& attempt, outcome_class next) noexcept;

}  // namespace sluice::actions
