#include "actions/answer_conditions.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sluice::actions {

namespace {

result<std::unique_ptr<rules::json_expression>> compile(const std::optional<std::string>& text,
                                                        const char* setting)
{
    if (!text) return std::unique_ptr<rules::json_expression>{};
    auto compiled = rules::json_expression::compile(*text, "response", true);
    if (compiled.has_error()) {
        return failure{compiled.error().code,
                       fmt::format("{}: {}", setting, compiled.error().message)};
    }
    return compiled;
}

}  // namespace

result<answer_conditions> answer_conditions::make(const config::destination_settings& settings)
{
    answer_conditions conditions;
    auto fail_when = compile(settings.fail_when, "fail_when");
    if (fail_when.has_error()) return fail_when.error();
    auto retry_when = compile(settings.retry_when, "retry_when");
    if (retry_when.has_error()) return retry_when.error();
    conditions.fail_when_ = std::move(*fail_when);
    conditions.retry_when_ = std::move(*retry_when);
    return conditions;
}

void answer_conditions::judge(attempt_result& attempt)
{
    if (empty() || attempt.cause != attempt_cause::answered) return;
    nlohmann::json response{{"status", attempt.status}, {"text", attempt.body}};
    auto body = nlohmann::json::parse(attempt.body, nullptr, false);
    if (!body.is_discarded()) response["body"] = std::move(body);
    const auto text = response.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (fail_when_ && fail_when_->holds(text)) {
        attempt.by_condition = answer_judgement::failed;
    } else if (retry_when_ && retry_when_->holds(text)) {
        attempt.by_condition = answer_judgement::again;
    }
}

}  // namespace sluice::actions
