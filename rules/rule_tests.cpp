#include "rules/rule_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/time_text.hpp"
#include "rules/definition/literal.hpp"
#include "rules/definition/test_checks.hpp"
#include "rules/explain.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/printer.hpp"
#include "rules/steps/step_responses.hpp"

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

const value* find_entry(const value& map, std::string_view key)
{
    for (const auto& entry : map.entries()) {
        if (entry.key.text() == key) return &entry.item;
    }
    return nullptr;
}

/// An event_input that owns its texts.
struct test_event {
    std::string id, type, dataset, datastream, source;
    std::optional<std::string> key;
    event_input input;
};

std::string text_member(const value& map, std::initializer_list<std::string_view> path)
{
    event_arena arena;
    auto at = map;
    for (const auto name : path) {
        const auto object = expression::decode_json(at, arena);
        if (!object.is(value_kind::map)) return {};
        const auto* found = find_entry(object, name);
        if (found == nullptr) return {};
        at = *found;
    }
    return at.is(value_kind::string) ? std::string{at.text()} : std::string{};
}

std::string first_text(const value& event,
                       std::initializer_list<std::initializer_list<std::string_view>> paths)
{
    for (const auto& path : paths) {
        if (auto text = text_member(event, path); !text.empty()) return text;
    }
    return {};
}

/// What intake would have taken from the event itself.
void take_defaults(const test_source& test, const std::string& dataset, test_event& out)
{
    event_arena arena;
    const auto event = expression::read_json(test.event_json, arena).value_or(value::null());
    out.id = first_text(event, {{"id"}, {"_id"}, {"messageId"}});
    out.type = first_text(event, {{"xdm", "eventType"}, {"type"}});
    if (out.type == "track") {
        if (auto name = text_member(event, {"event"}); !name.empty()) out.type = name;
    }
    out.dataset = dataset;
    static const auto epoch = *parse_time("2025-01-01T00:00:00Z");
    out.input.received_at = epoch;
    out.input.now = test.now ? parse_time(test.now->text).value_or(epoch) : epoch;
    out.input.seed = test.seed;
}

void take_meta(const test_source& test, test_event& out)
{
    event_arena arena;
    for (const auto& [name, json] : test.meta_json) {
        const auto read = expression::read_json(json, arena).value_or(value::null());
        const auto text = read.is(value_kind::string) ? std::string{read.text()} : json;
        const auto number = read.is(value_kind::integer) ? read.as_int() : 0;
        if (name == "id") out.id = text;
        if (name == "type") out.type = text;
        if (name == "dataset") out.dataset = text;
        if (name == "datastream") out.datastream = text;
        if (name == "source") out.source = text;
        if (name == "key" && !read.is_null()) out.key = text;
        if (name == "partition") out.input.partition = static_cast<std::uint32_t>(number);
        if (name == "offset") out.input.offset = static_cast<std::uint64_t>(number);
        if (name == "received_at") {
            out.input.received_at = parse_time(text).value_or(out.input.received_at);
        }
    }
    out.input.json = test.event_json;
    out.input.request_json = test.request_json;
    out.input.id = out.id;
    out.input.type = out.type;
    out.input.dataset = out.dataset;
    out.input.datastream = out.datastream;
    out.input.source = out.source;
    if (out.key) out.input.key = *out.key;
}

std::string join(const std::vector<std::string>& names)
{
    std::string out = "[";
    for (const auto& name : names) out += (out.size() == 1 ? "" : ", ") + name;
    return out + "]";
}

/// Compares what a test expects with what explain found.
class comparison_of_test {
public:
    comparison_of_test(const test_source& test, const explained_set& set,
                       std::vector<std::string>& differences)
        : test_(test), set_(set), differences_(differences)
    {
    }

    void compare()
    {
        compare_matched();
        for (const auto& [rule, text] : test_.not_matched) compare_not_matched(rule, text);
        for (const auto& expected : test_.requests) compare_request(expected);
        for (const auto& [rule, text] : test_.explanation) {
            const auto* found = find(rule);
            const auto got = found != nullptr ? found->explanation : "";
            if (got != text) say("explanation of {}: wanted '{}', got '{}'", rule, text, got);
        }
        compare_warnings();
    }

private:
    template <class... Args>
    void say(fmt::format_string<Args...> text, Args&&... args)
    {
        differences_.push_back(fmt::format(text, std::forward<Args>(args)...));
    }

    [[nodiscard]] const explained_rule* find(const std::string& name) const
    {
        for (const auto& rule : set_.rules) {
            if (rule.name == name) return &rule;
        }
        return nullptr;
    }

    [[nodiscard]] static bool has_matched(const explained_rule& rule)
    {
        return rule.result == explained_rule::verdict::matched ||
               rule.result == explained_rule::verdict::dropped;
    }

    void compare_matched()
    {
        if (!test_.matched) return;
        std::vector<std::string> got;
        for (const auto& rule : set_.rules) {
            if (has_matched(rule)) got.push_back(rule.name);
        }
        if (got != *test_.matched)
            say("matched: wanted {}, got {}", join(*test_.matched), join(got));
    }

    void compare_not_matched(const std::string& name, const std::string& text)
    {
        const auto* rule = find(name);
        if (rule == nullptr) {
            say("not_matched: there is no rule '{}'", name);
        } else if (has_matched(*rule)) {
            say("not_matched: rule '{}' matched", name);
        } else if (rule->reason.find(text) == std::string::npos) {
            say("not_matched: the reason of '{}' is '{}', without '{}'", name, rule->reason, text);
        }
    }

    void compare_request(const expected_request& expected)
    {
        const auto* rule = find(expected.rule);
        if (rule == nullptr || !has_matched(*rule)) {
            say("request of {}: the rule did not match", expected.rule);
        } else if (expected.step.empty() && rule->action == rule_action::steps) {
            say("request of {}: the rule has steps; name one, as in {}.{}", expected.rule,
                expected.rule, rule->steps.front().name);
        } else if (expected.step.empty()) {
            compare_outcome(expected, expected.rule, rule->request, rule->failure);
        } else {
            compare_step(expected, *rule);
        }
    }

    void compare_step(const expected_request& expected, const explained_rule& rule)
    {
        const auto name = expected.rule + "." + expected.step;
        const auto found = std::ranges::find(rule.steps, expected.step, &explained_step::name);
        if (found == rule.steps.end()) {
            say("request of {}: there is no such step", name);
        } else if (!found->request && !found->failure) {
            say("request of {}: the step was {}: {}", name, verdict_text(found->result),
                found->reason);
        } else {
            compare_outcome(expected, name, found->request, found->failure);
        }
    }

    void compare_outcome(const expected_request& expected, const std::string& name,
                         const std::optional<rendered_request>& request,
                         const std::optional<render_failure>& failure)
    {
        if (expected.error) {
            const auto got = failure ? failure->path + ": " + failure->message : "no error";
            if (!failure || got.find(*expected.error) == std::string::npos) {
                say("request of {}: wanted the error '{}', got {}", name, *expected.error, got);
            }
        } else if (failure) {
            say("request of {}: none was made, {}: {}", name, failure->path, failure->message);
        } else if (request) {
            compare_parts(expected, name, *request);
        }
    }

    void compare_parts(const expected_request& expected, const std::string& rule,
                       const rendered_request& got)
    {
        if (expected.method && *expected.method != got.method) {
            say("request of {}: method wanted {}, got {}", rule, *expected.method, got.method);
        }
        if (expected.path && *expected.path != got.path) {
            say("request of {}: path wanted {}, got {}", rule, *expected.path, got.path);
        }
        for (const auto& [name, text] : expected.headers) {
            const auto same = [&wanted = name](const auto& header) {
                return header.first == wanted;
            };
            const auto found = std::ranges::find_if(got.headers, same);
            const auto sent = found == got.headers.end() ? std::string{"nothing"} : found->second;
            if (sent != text)
                say("request of {}: header {} wanted '{}', got '{}'", rule, name, text, sent);
        }
        for (const bool is_subset : {false, true}) {
            const auto& wanted = is_subset ? expected.body_has_json : expected.body_json;
            if (!wanted) continue;
            const auto found = json_difference(*wanted, got.body, is_subset);
            if (!found.empty()) say("request of {}: {}", rule, found);
        }
    }

    void compare_warnings()
    {
        if (!test_.warnings) return;
        std::vector<std::string> got;
        for (const auto& rule : set_.rules) {
            for (const auto& member : rule.omitted) {
                if (!member.is_absent) got.push_back(rule.name + ": " + member.path);
            }
            for (const auto& step : rule.steps) {
                for (const auto& member : step.omitted) {
                    if (member.is_absent) continue;
                    got.push_back(rule.name + "." + step.name + ": " + member.path);
                }
            }
        }
        if (got != *test_.warnings)
            say("warnings: wanted {}, got {}", join(*test_.warnings), join(got));
    }

    const test_source& test_;
    const explained_set& set_;
    std::vector<std::string>& differences_;
};

/// The set alone, with the params of the test.
rule_set_source with_params(const rule_set_source& set, const test_source& test)
{
    auto changed = set;
    for (const auto& [name, json] : test.params_json) {
        const auto same = [&wanted = name](const param_source& param) {
            return param.name.name == wanted;
        };
        const auto found = std::ranges::find_if(changed.params, same);
        if (found != changed.params.end()) found->json = json;
    }
    return changed;
}

rule_test_result run_test(const rule_set_source& set, const test_source& test,
                          const rule_environment& names)
{
    rule_test_result out{.set = set.name.name, .name = test.name.name, .where = test.name.where};
    config::diagnostics problems;
    const auto catalog = compile_rule_sets({with_params(set, test)}, names, problems);
    const auto* program =
        catalog && !set.datasets.empty() ? catalog->program_of(set.datasets.front().name) : nullptr;
    if (program == nullptr) {
        out.differences.push_back("the rule set does not compile: " + problems.to_text());
        return out;
    }
    test_event event;
    take_defaults(test, set.datasets.front().name, event);
    take_meta(test, event);
    const auto explained = explain_event(*program, event.input, respond_with(test.responses));
    if (!explained.problem.empty()) {
        out.differences.push_back(explained.problem);
        return out;
    }
    comparison_of_test(test, explained.sets.front(), out.differences).compare();
    if (!out.differences.empty()) out.explained = to_text(explained);
    return out;
}

}  // namespace

std::size_t rule_test_report::failed() const
{
    return static_cast<std::size_t>(
        std::ranges::count_if(results, [](const auto& r) { return !r.differences.empty(); }));
}

std::string rule_test_report::to_text() const
{
    std::string out;
    for (const auto& result : results) {
        if (result.differences.empty()) continue;
        const auto place = result.where.file
                               ? fmt::format("{}:{}: ", *result.where.file, result.where.line)
                               : std::string{};
        out += fmt::format("{}FAILED {}: {}\n", place, result.set, result.name);
        for (const auto& text : result.differences) out += "  " + text + "\n";
        out += result.explained;
    }
    if (rules != 0) {
        out += fmt::format("tests cover {} of {} rules", rules - untested.size(), rules);
        constexpr std::size_t shown_max = 20;
        for (std::size_t i = 0; i < untested.size() && i < shown_max; ++i) {
            out += (i == 0 ? "; none covers " : ", ") + untested[i];
        }
        if (untested.size() > shown_max) {
            out += fmt::format(" and {} more", untested.size() - shown_max);
        }
        out += '\n';
    }
    return out + fmt::format("{} passed, {} failed\n", results.size() - failed(), failed());
}

std::string rule_test_report::to_json() const
{
    const auto text = [](std::string_view shown) {
        std::string quoted;
        append_json_string(quoted, shown);
        return quoted;
    };
    const auto list = [&](const std::vector<std::string>& texts) {
        std::string out = "[";
        for (const auto& shown : texts) out += (out.size() == 1 ? "" : ",") + text(shown);
        return out + "]";
    };
    std::string out = "{\"tests\":[";
    for (const auto& result : results) {
        if (out.back() != '[') out += ',';
        out +=
            fmt::format("{{\"set\":{},\"name\":{},\"place\":{},\"passed\":{},\"differences\":{}}}",
                        text(result.set), text(result.name), text(config::to_text(result.where)),
                        result.differences.empty(), list(result.differences));
    }
    return out + fmt::format("],\"passed\":{},\"failed\":{},\"rules\":{},\"untested\":{}}}\n",
                             results.size() - failed(), failed(), rules, list(untested));
}

rule_test_report run_rule_tests(const std::map<std::string, config::rule_source>& sources,
                                const rule_environment& names, config::diagnostics& problems,
                                const rule_test_options& options)
{
    rule_test_report report;
    const auto sets = read_rule_sets(sources, problems);
    if (!compile_rule_sets(sets, names, problems)) return report;
    for (const auto& set : sets) {
        for (const auto& test : set.tests) {
            const auto name = set.name.name + ": " + test.name.name;
            if (name.find(options.only) == std::string::npos) continue;
            report.results.push_back(run_test(set, test, names));
        }
        const auto tested = tested_rules(set);
        for (const auto& rule : acting_rules(set)) {
            ++report.rules;
            if (!tested.contains(rule.name)) {
                report.untested.push_back(set.name.name + "/" + rule.name);
            }
        }
    }
    return report;
}

}  // namespace sluice::rules
