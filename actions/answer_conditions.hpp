#pragma once
// `fail_when` and `retry_when` of a destination: CEL over `response`, for receivers that answer 200
// and mean no. Belongs to one destination and its thread.

#include <memory>

#include "actions/response_outcome.hpp"
#include "config/result.hpp"
#include "config/settings_destinations.hpp"
#include "rules/json_expression.hpp"

namespace sluice::actions {

class answer_conditions {
public:
    /// The failure names the setting and what is wrong with its expression.
    static result<answer_conditions> make(const config::destination_settings& settings);

    [[nodiscard]] bool empty() const noexcept { return !fail_when_ && !retry_when_; }

    /// Judges a final answer. `response` has `status` (int), `text`, and `body` when the text is
    /// JSON. A condition in error does not hold.
    void judge(attempt_result& attempt);

private:
    std::unique_ptr<rules::json_expression> fail_when_;
    std::unique_ptr<rules::json_expression> retry_when_;
};

}  // namespace sluice::actions
