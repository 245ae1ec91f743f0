#pragma once
// Counts causes that are an accident once and a wrong set-up when they never end: a name that does
// not exist, an answer that is not HTTP, a handshake that breaks. One object per destination.

#include <cstdint>

#include "actions/response_outcome.hpp"

namespace sluice::actions {

class setup_streak {
public:
    /// The class after the history is taken into account.
    [[nodiscard]] outcome_class observe(const attempt_result& attempt,
                                        const verdict& by_table) noexcept
    {
        // A delivery that was cut off by our own shutdown says nothing.
        if (attempt.cause == attempt_cause::stopping) return by_table.next;
        if (by_table.setup_after == 0) {
            in_row_ = 0;
            return by_table.next;
        }
        if (in_row_ == 0 || cause_ != attempt.cause) {
            cause_ = attempt.cause;
            in_row_ = 0;
        }
        if (in_row_ < 255) ++in_row_;
        return in_row_ >= by_table.setup_after ? outcome_class::setup : by_table.next;
    }

private:
    attempt_cause cause_ = attempt_cause::answered;
    std::uint8_t in_row_ = 0;
};

}  // namespace sluice::actions
