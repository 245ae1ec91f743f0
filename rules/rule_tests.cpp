#include "rules/rule_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/time_text.hpp"
#include "rules/definition/literal.hpp"
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

std::string shown(const value& v)
{
    return expression::to_display_text(v, 120);
}

bool same_scalar(const value& a, const value& b)
{
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case value_kind::string:
            return a.text() == b.text();
        case value_kind::floating:
            return a.as_double() == b.as_double();
        case value_kind::integer:
            return a.as_int() == b.as_int();
        case value_kind::unsigned_integer:
            return a.as_uint() == b.as_uint();
        case value_kind::boolean:
            return a.as_bool() == b.as_bool();
        default:
            return true;
    }
}

std::string difference(const value& wanted_raw, const value& got_raw, const std::string& path,
                       bool is_subset, event_arena& arena)
{
    const auto wanted = expression::decode_json(wanted_raw, arena);
    const auto got = expression::decode_json(got_raw, arena);
    const auto place = path.empty() ? std::string{"body"} : path;
    if (wanted.kind() == value_kind::list && got.kind() == value_kind::list) {
        if (wanted.items().size() != got.items().size()) {
            return fmt::format("{}: wanted {} elements, got {}", place, wanted.items().size(),
                               got.items().size());
        }
        for (std::size_t i = 0; i < wanted.items().size(); ++i) {
            auto found = difference(wanted.items()[i], got.items()[i],
                                    fmt::format("{}[{}]", path, i), is_subset, arena);
            if (!found.empty()) return found;
        }
        return {};
    }
    if (wanted.kind() != value_kind::map || got.kind() != value_kind::map) {
        if (same_scalar(wanted, got)) return {};
        return fmt::format("{}: wanted {}, got {}", place, shown(wanted), shown(got));
    }
    const auto below = [&](std::string_view key) {
        return path.empty() ? std::string{key} : path + "." + std::string{key};
    };
    for (const auto& [key, item] : wanted.entries()) {
        const auto* other = find_entry(got, key.text());
        if (other == nullptr)
            return fmt::format("{}: wanted {}, got nothing", below(key.text()), shown(item));
        auto found = difference(item, *other, below(key.text()), is_subset, arena);
        if (!found.empty()) return found;
    }
    if (is_subset) return {};
    for (const auto& [key, item] : got.entries()) {
        if (find_entry(wanted, key.text()) == nullptr) {
            return fmt::format("{}: not wanted, got {}", below(key.text()), shown(item));
        }
    }
    return {};
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
            const auto same = [&](const auto& header) { return header.first == name; };
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
        const auto same = [&](const param_source& param) { return param.name.name == name; };
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
    const auto explained =
        explain_event(*program, event.input, respond_with(test.responses));
    if (!explained.problem.empty()) {
        out.differences.push_back(explained.problem);
        return out;
    }
    comparison_of_test(test, explained.sets.front(), out.differences).compare();
    if (!out.differences.empty()) out.explained = to_text(explained);
    return out;
}

}  // namespace

std::string json_difference(std::string_view wanted, std::string_view got, bool is_subset)
{
    event_arena arena;
    const auto a = expression::read_json(wanted, arena);
    const auto b = expression::read_json(got, arena);
    if (!a) return "body: the expected text is no JSON";
    if (!b) return "body: wanted JSON, got '" + std::string{got.substr(0, 200)} + "'";
    return difference(*a, *b, {}, is_subset, arena);
}

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
    return out + fmt::format("{} passed, {} failed\n", results.size() - failed(), failed());
}

rule_test_report run_rule_tests(const std::map<std::string, config::rule_source>& sources,
                                const rule_environment& names, config::diagnostics& problems)
{
    rule_test_report report;
    const auto sets = read_rule_sets(sources, problems);
    if (!compile_rule_sets(sets, names, problems)) return report;
    for (const auto& set : sets) {
        for (const auto& test : set.tests) report.results.push_back(run_test(set, test, names));
    }
    return report;
}

}  // namespace sluice::rules
