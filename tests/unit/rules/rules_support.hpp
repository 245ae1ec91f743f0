#pragma once
// What the tests of rules share: rule sets from YAML text, and one event decided and rendered.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/yaml/yaml_reader.hpp"
#include "rules/explain.hpp"
#include "rules/rule_compiler.hpp"
#include "rules/rule_tests.hpp"

namespace sluice::rules::testing {

inline std::map<std::string, config::rule_source> sources_of(const std::string& yaml,
                                                             config::diagnostics& problems,
                                                             const std::string& file = "rules.yaml",
                                                             const std::string& folder = ".")
{
    std::map<std::string, config::rule_source> sources;
    const auto document = config::read_yaml_text(yaml, file, problems);
    const auto* rules = document ? document->find("rules") : nullptr;
    if (rules == nullptr) return sources;
    for (const auto& [name, body] : rules->members) {
        sources[name.text] = {.name = name.text, .body = body, .folder = folder};
    }
    return sources;
}

inline rule_environment test_names()
{
    return {.datasets = {"web_events", "leads_without_address", "archive"},
            .destinations = {"crm", "ads", "analytics"}};
}

/// A catalog and the thread of one test.
struct engine {
    config::diagnostics problems;
    std::shared_ptr<compiled_catalog> catalog;
    const compiled_program* program = nullptr;
    std::unique_ptr<evaluation_scratch> scratch;
    event_arena arena;
    std::string json;
    decided_event decided;
    event_input event;

    explicit engine(const std::string& yaml, const std::string& folder = ".")
    {
        const auto sources = sources_of(yaml, problems, "rules.yaml", folder);
        catalog = compile_rule_sets(read_rule_sets(sources, problems), test_names(), problems);
        if (!catalog) return;
        program = catalog->program_of("web_events");
        if (program != nullptr) scratch = program->make_scratch();
    }

    /// Names of the rules that matched, without their set.
    std::vector<std::string> decide(std::string event_json, std::string_view type = "test",
                                    std::string_view request = {})
    {
        json = std::move(event_json);
        event = {.json = json, .id = "e-1", .type = type, .dataset = "web_events"};
        event.request_json = request;
        event.received_at = wall_time{std::chrono::seconds{1'735'689'600}};
        decided = program->decide(event, arena, *scratch);
        std::vector<std::string> names;
        for (const auto index : decided.matched) {
            const auto& name = program->outcomes()[index].rule;
            names.push_back(name.substr(name.find('/') + 1));
        }
        return names;
    }

    /// The request of the first matched rule, or `path: message` of the failure in `failed`.
    rendered_request render(std::string* failed = nullptr)
    {
        rendered_request request;
        if (decided.matched.empty()) {
            if (failed != nullptr) *failed = "nothing matched";
            return request;
        }
        const auto failure = program->render(decided.matched[0], event, decided, *scratch, request);
        if (failed != nullptr) *failed = failure ? failure->path + ": " + failure->message : "";
        return request;
    }

    [[nodiscard]] rule_counts counts(std::size_t rule = 0) const { return scratch->counts()[rule]; }
};

/// A set with one rule, whose lines follow `when`.
inline std::string one_rule(const std::string& lines)
{
    return "rules:\n  s:\n    source: web_events\n    rules:\n      - name: r\n" + lines;
}

inline std::string rule_when(const std::string& condition)
{
    return one_rule("        when: " + condition + "\n        to: crm\n");
}

/// A rule with a body map, given as YAML lines without indentation.
inline std::string rule_body(const std::string& lines, const std::string& more = {})
{
    std::string out = "        to: crm\n" + more + "        request:\n          body:\n";
    std::size_t from = 0;
    while (from < lines.size()) {
        const auto end = lines.find('\n', from);
        out += "            " + lines.substr(from, end - from) + "\n";
        if (end == std::string::npos) break;
        from = end + 1;
    }
    return one_rule(out);
}

}  // namespace sluice::rules::testing
