#include "rules/steps/step_responses.hpp"

#include <algorithm>

#include "config/yaml/yaml_reader.hpp"
#include "rules/definition/test_reader.hpp"

namespace sluice::rules {
namespace {

step_answer to_answer(const response_source& given)
{
    if (given.is_timeout) {
        return {.status = 0, .reason = "timeout", .headers = {}, .text = {}, .attempts = 1};
    }
    step_answer out{.status = given.status,
                    .reason = "http_" + std::to_string(given.status),
                    .headers = given.headers,
                    .text = given.body,
                    .attempts = 1};
    for (auto& [name, text] : out.headers) {
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        });
    }
    return out;
}

}  // namespace

step_responder respond_with(std::vector<response_source> responses)
{
    return [given = std::move(responses)](const std::string& rule, const rule_step& step,
                                          const rendered_request&) -> std::optional<step_answer> {
        const auto name = rule.substr(rule.find('/') + 1) + "." + step.name;
        const auto found = std::ranges::find_if(
            given, [&](const response_source& one) { return one.step.name == name; });
        if (found == given.end()) return std::nullopt;
        return to_answer(*found);
    };
}

std::optional<std::vector<response_source>> read_response_file(const std::string& path,
                                                               config::diagnostics& problems)
{
    const auto document = config::read_yaml_file(path, problems);
    if (!document) return std::nullopt;
    auto responses = read_responses(*document, problems);
    if (problems.has_errors()) return std::nullopt;
    return responses;
}

}  // namespace sluice::rules
