#include "rules/definition/test_reader.hpp"

#include <charconv>
#include <filesystem>

#include "rules/definition/literal.hpp"

namespace sluice::rules {
namespace {

std::string scalar_text(const config::node& value)
{
    return value.is_null() ? "" : value.text;
}

std::vector<std::pair<std::string, std::string>> read_text_map(const config::node& owner,
                                                               std::string_view key,
                                                               diagnostics& problems)
{
    std::vector<std::pair<std::string, std::string>> out;
    const auto* map = owner.find(key);
    if (map == nullptr || !expect_map(*map, "`" + std::string{key} + "`", problems)) return out;
    for (const auto& [name, value] : map->members) out.emplace_back(name.text, scalar_text(value));
    return out;
}

std::vector<std::string> texts_of(const std::vector<named_source>& names)
{
    std::vector<std::string> out;
    out.reserve(names.size());
    for (const auto& name : names) out.push_back(name.name);
    return out;
}

/// `rule` or `rule.step`; names of rules hold no dot.
std::pair<std::string, std::string> split_step(const std::string& name)
{
    const auto dot = name.find('.');
    if (dot == std::string::npos) return {name, {}};
    return {name.substr(0, dot), name.substr(dot + 1)};
}

expected_request read_expected_request(const config::node& name, const config::node& value,
                                       diagnostics& problems)
{
    auto [rule, step] = split_step(name.text);
    expected_request out{.rule = std::move(rule), .step = std::move(step), .where = name.where};
    if (!expect_map(value, "an expected request", problems)) return out;
    refuse_unknown_keys(value, {"method", "path", "headers", "body", "body_has", "error"},
                        "an expected request", problems);
    const auto text = [&](std::string_view key) -> std::optional<std::string> {
        const auto found = read_text(value, key, problems);
        if (!found) return std::nullopt;
        return found->text;
    };
    out.method = text("method");
    out.path = text("path");
    out.error = text("error");
    out.headers = read_text_map(value, "headers", problems);
    if (const auto* body = value.find("body")) out.body_json = to_json(*body);
    if (const auto* body = value.find("body_has")) out.body_has_json = to_json(*body);
    return out;
}

void read_expectations(const config::node& expect, test_source& out, diagnostics& problems)
{
    if (!expect_map(expect, "`expect`", problems)) return;
    refuse_unknown_keys(expect, {"matched", "not_matched", "requests", "explanation", "warnings"},
                        "`expect`", problems);
    out.named_rules = read_names(expect, "matched", problems);
    for (const auto* key : {"not_matched", "explanation", "requests"}) {
        const auto* map = expect.find(key);
        if (map == nullptr || !map->is_map()) continue;
        for (const auto& [rule, ignored] : map->members) {
            out.named_rules.push_back({rule.text, rule.where});
        }
    }
    if (expect.find("matched") != nullptr) {
        diagnostics told;  // above
        out.matched = texts_of(read_names(expect, "matched", told));
    }
    out.not_matched = read_text_map(expect, "not_matched", problems);
    out.explanation = read_text_map(expect, "explanation", problems);
    if (expect.find("warnings") != nullptr) {
        out.warnings = texts_of(read_names(expect, "warnings", problems));
    }
    const auto* requests = expect.find("requests");
    if (requests == nullptr || !expect_map(*requests, "`requests`", problems)) return;
    for (const auto& [rule, value] : requests->members) {
        out.requests.push_back(read_expected_request(rule, value, problems));
    }
}

void read_event(const config::node& test, const std::string& folder,
                const document_reader& documents, test_source& out, diagnostics& problems)
{
    config::node event{.kind = config::node_kind::map};
    if (const auto* inline_event = test.find("event")) {
        event = *inline_event;
    } else if (const auto file = read_text(test, "event_file", problems)) {
        const auto path = (std::filesystem::path{folder} / file->text).lexically_normal().string();
        if (auto document = documents(path, file->where, problems)) event = std::move(*document);
    } else {
        problems.error(test.where, "a test needs `event` or `event_file`");
    }
    if (const auto* patch = test.find("patch")) event = merge_patch(event, *patch);
    out.event_json = to_json(event);
}

response_source read_response(const config::node& step, const config::node& value,
                              diagnostics& problems)
{
    response_source out{.step = {step.text, step.where}};
    if (!expect_map(value, "a response", problems)) return out;
    refuse_unknown_keys(value, {"status", "headers", "body", "timeout"}, "a response", problems);
    out.is_timeout = read_bool(value, "timeout", false, problems);
    if (const auto status = read_text(value, "status", problems)) {
        const auto* end = status->text.data() + status->text.size();
        if (std::from_chars(status->text.data(), end, out.status).ptr != end || out.status < 100 ||
            out.status > 599) {
            problems.error(status->where, "`status` must be an HTTP status, 100 to 599");
        }
    }
    out.headers = read_text_map(value, "headers", problems);
    if (const auto* body = value.find("body")) {
        const bool is_text = body->is_scalar() && !is_json_literal(*body);
        out.body = is_text ? body->text : to_json(*body);
    } else if (out.status >= 200 && out.status < 300) {
        out.body = "{}";
    }
    return out;
}

test_source read_test(const config::node& test, const std::string& folder,
                      const document_reader& documents, diagnostics& problems)
{
    test_source out;
    refuse_unknown_keys(test,
                        {"name", "event", "event_file", "patch", "meta", "request", "now", "seed",
                         "params", "responses", "expect"},
                        "a test", problems);
    const auto name = read_text(test, "name", problems);
    out.name = name ? named_source{name->text, name->where} : named_source{"unnamed", test.where};
    read_event(test, folder, documents, out, problems);
    if (const auto* meta = test.find("meta");
        meta != nullptr && expect_map(*meta, "`meta`", problems)) {
        refuse_unknown_keys(*meta,
                            {"id", "type", "dataset", "datastream", "source", "received_at", "key",
                             "partition", "offset"},
                            "`meta`", problems);
        for (const auto& [key, value] : meta->members) out.meta_json[key.text] = to_json(value);
    }
    if (const auto* request = test.find("request")) out.request_json = to_json(*request);
    if (const auto* responses = test.find("responses")) {
        out.responses = read_responses(*responses, problems);
    }
    out.now = read_text(test, "now", problems);
    if (const auto seed = read_text(test, "seed", problems)) {
        const auto* end = seed->text.data() + seed->text.size();
        if (std::from_chars(seed->text.data(), end, out.seed).ptr != end) {
            problems.error(seed->where, "`seed` must be a whole number from 0");
        }
    }
    for (const auto& param : read_params(test, problems)) {
        out.params_json.emplace_back(param.name.name, param.json);
        out.named_params.push_back(param.name);
    }
    if (const auto* expect = test.find("expect")) {
        read_expectations(*expect, out, problems);
    } else {
        problems.error(test.where, "test '" + out.name.name + "' expects nothing",
                       "add `expect`, for example `expect: {matched: [a-rule]}`");
    }
    return out;
}

}  // namespace

std::vector<response_source> read_responses(const config::node& responses, diagnostics& problems)
{
    std::vector<response_source> out;
    if (!expect_map(responses, "`responses`", problems)) return out;
    for (const auto& [step, value] : responses.members) {
        out.push_back(read_response(step, value, problems));
    }
    return out;
}

std::vector<test_source> read_tests(const config::node& tests, const std::string& folder,
                                    const document_reader& documents, diagnostics& problems)
{
    std::vector<test_source> out;
    if (!expect_list(tests, "`tests`", problems)) return out;
    for (const auto& test : tests.items) {
        if (expect_map(test, "a test", problems)) {
            out.push_back(read_test(test, folder, documents, problems));
        }
    }
    return out;
}

}  // namespace sluice::rules
