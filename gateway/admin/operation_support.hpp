#pragma once
// What the operations share: reading parameters with a sentence for the first bad one, answering
// with JSON, and putting a stored event into an answer byte for byte.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "config/result.hpp"
#include "gateway/admin/operations.hpp"
#include "rules/json_expression.hpp"

namespace sluice::gateway {

/// Reads typed parameters and remembers what was wrong with the last bad one.
class parameters {
public:
    explicit parameters(const query_parameters& query) : query_(query) {}

    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    /// Present and not "0" or "false".
    [[nodiscard]] bool flag(std::string_view name) const;
    std::optional<std::uint64_t> number(std::string_view name);
    std::optional<wall_time> time(std::string_view name);
    /// A CEL condition over `event`; null when not given.
    std::shared_ptr<rules::json_expression> condition(std::string_view name);
    /// Empty when all were good.
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    const query_parameters& query_;
    std::string problem_;
};

[[nodiscard]] operation_result json_answer(const nlohmann::json& j);
/// 503 for what the log cannot do now, 400 for what it never does.
[[nodiscard]] operation_result log_problem(const failure& f);

/// Appends the object `head` with one more member at its end: the stored JSON, not parsed, so that
/// numbers, key order and spaces stay what they were; only line ends become spaces.
void append_with_raw(std::string& out, const nlohmann::json& head, std::string_view member,
                     std::string_view stored);

}  // namespace sluice::gateway
