#pragma once
// The results of the steps of one event, as later steps read them (`steps.find.body.id`) and as
// they are stored with a retry. A plain value; belongs to one delivery.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::rules {

/// What a step's last attempt brought.
struct step_answer {
    int status = 0;      ///< 0: no answer
    std::string reason;  ///< as in delivery outcomes: `timeout`, `http_503`
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string text;
    std::uint32_t attempts = 0;
    std::chrono::milliseconds elapsed{0};
};

class step_results {
public:
    /// `status`, `ok`, `code`, `headers`, `text`, `body` (when the text is JSON, byte for byte),
    /// `attempts`, `elapsed` (milliseconds).
    void add(const std::string& step, const step_answer& answer);
    /// A result as entries() gave it before a restart.
    void restore(std::string step, std::string result_json);

    [[nodiscard]] bool has(std::string_view step) const;
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    /// Step and its result as JSON, in the order in which they ran.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& entries() const noexcept
    {
        return entries_;
    }
    [[nodiscard]] std::string to_json() const;

private:
    std::vector<std::pair<std::string, std::string>> entries_;
};

/// `http_200`, `timedout`, `internalError`: the names that Adobe's journeys use.
[[nodiscard]] std::string step_code(const step_answer& answer);

}  // namespace sluice::rules
