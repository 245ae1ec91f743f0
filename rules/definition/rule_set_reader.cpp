#include "rules/definition/rule_set_reader.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "rules/definition/condition_reader.hpp"
#include "rules/definition/literal.hpp"
#include "rules/definition/request_reader.hpp"
#include "rules/definition/step_reader.hpp"
#include "rules/definition/test_reader.hpp"

namespace sluice::rules {
namespace {

/// Reads the rules of one set; remembers the names already given.
class rules_walk {
public:
    rules_walk(std::string set, diagnostics& problems) : set_(std::move(set)), problems_(problems)
    {
    }

    rule_group read_group(const config::node& owner)
    {
        rule_group group;
        group.variables = read_variables(owner, problems_);
        group.mode =
            read_choice<match_mode>(
                owner, "mode", {{"all", match_mode::all}, {"first", match_mode::first}}, problems_)
                .value_or(match_mode::all);
        const auto* rules = owner.find("rules");
        if (rules == nullptr) {
            problems_.error(owner.where, "rule set '" + set_ + "' has no `rules`",
                            "add a list of rules");
        } else if (expect_list(*rules, "`rules`", problems_)) {
            for (const auto& rule : rules->items) read_into(group.rules, rule);
        }
        if (const auto* otherwise = owner.find("else")) {
            read_into(group.otherwise, *otherwise);
            if (const auto* when = otherwise->find_key("when")) {
                problems_.error(when->where, "`else` takes what no rule matched, it has no `when`",
                                "make it an ordinary rule, or remove `when`");
            }
        }
        return group;
    }

private:
    void read_into(std::vector<rule_source_node>& into, const config::node& rule)
    {
        if (!expect_map(rule, "a rule", problems_)) return;
        refuse_unknown_keys(
            rule, {"name",   "enabled",     "description", "when",    "on_condition_error",
                   "sample", "explanation", "to",          "request", "action",
                   "input",  "steps",       "dataset",     "body",    "drop",
                   "rules",  "variables",   "mode",        "else",    "on_error",
                   "nulls"},
            "a rule", problems_);
        rule_source_node out;
        read_name(rule, out);
        out.enabled = read_bool(rule, "enabled", true, problems_);
        if (const auto* when = rule.find("when")) out.when = read_condition(*when, problems_);
        out.on_condition_error =
            read_choice<condition_error>(rule, "on_condition_error",
                                         {{"no_match", condition_error::no_match},
                                          {"match", condition_error::match},
                                          {"fail", condition_error::fail}},
                                         problems_)
                .value_or(condition_error::no_match);
        if (const auto* sample = rule.find("sample")) out.sample = read_sample(*sample);
        out.explanation = read_expression(rule, "explanation", "`explanation`", problems_);
        out.on_error = read_error_policy(rule, "on_error", problems_);
        out.nulls = read_null_policy(rule, problems_);
        read_outcome(rule, out);
        into.push_back(std::move(out));
    }

    void read_name(const config::node& rule, rule_source_node& out)
    {
        const auto name = read_text(rule, "name", problems_);
        if (!name) {
            problems_.error(rule.where, "a rule needs a `name`");
            out.name.where = rule.where;
            return;
        }
        out.name = {name->text, name->where};
        if (!is_rule_name(name->text)) {
            problems_.error(name->where, "'" + name->text + "' is no name for a rule",
                            "use letters, digits, _ and -");
        } else if (!names_.insert(name->text).second) {
            problems_.error(name->where,
                            "rule '" + name->text + "' stands twice in rule set '" + set_ + "'",
                            "names appear in metrics and dead letters, so they must be unique");
        }
    }

    std::optional<sample_source> read_sample(const config::node& sample)
    {
        if (!expect_map(sample, "`sample`", problems_)) return std::nullopt;
        refuse_unknown_keys(sample, {"rate", "by"}, "`sample`", problems_);
        sample_source out{.where = sample.where};
        const auto rate = read_text(sample, "rate", problems_);
        const auto* end = rate ? rate->text.data() + rate->text.size() : nullptr;
        if (!rate || std::from_chars(rate->text.data(), end, out.rate).ptr != end ||
            !(out.rate >= 0.0 && out.rate <= 1.0)) {
            problems_.error(rate ? rate->where : sample.where,
                            "`sample.rate` must be a number from 0 to 1");
        }
        out.by = read_expression(sample, "by", "`by`", problems_);
        return out;
    }

    void read_outcome(const config::node& rule, rule_source_node& out)
    {
        const config::node* first = nullptr;
        for (const auto* key : {"to", "action", "steps", "dataset", "drop", "rules"}) {
            const auto* found = rule.find_key(key);
            if (found == nullptr) continue;
            if (first != nullptr) {
                problems_.error(found->where,
                                "rule '" + out.name.name + "' has two outcomes, `" + first->text +
                                    "` and `" + found->text + "`",
                                "split it into two rules");
                continue;
            }
            first = found;
        }
        if (first == nullptr) {
            problems_.error(rule.where, "rule '" + out.name.name + "' has no outcome",
                            "add one of `to`, `steps`, `dataset`, `drop` or nested `rules`");
            return;
        }
        if (first->text == "action") {
            problems_.error(first->where, "`action` is not available in this version",
                            "use `to` with `request`");
            return;
        }
        read_target(rule, first->text, out);
        refuse_strangers(rule, first->text);
    }

    void read_target(const config::node& rule, const std::string& key, rule_source_node& out)
    {
        if (key == "rules") {
            out.what = rule_source_node::outcome::nested;
            out.group = read_group(rule);
            return;
        }
        if (key == "steps") {
            out.what = rule_source_node::outcome::steps;
            out.steps = read_steps(*rule.find(key), out.name.name, problems_);
            return;
        }
        const auto target = read_text(rule, key, problems_);
        if (!target) return;
        out.target = {target->text, target->where};
        if (key == "drop") {
            out.what = rule_source_node::outcome::drop;
        } else if (key == "dataset") {
            out.what = rule_source_node::outcome::dataset;
            if (const auto* body = rule.find("body"))
                out.request.body = read_body(*body, problems_);
        } else {
            out.what = rule_source_node::outcome::send;
            if (const auto* request = rule.find("request")) {
                out.request = read_request(*request, problems_);
            }
        }
    }

    /// Keys that belong to another outcome than the one taken.
    void refuse_strangers(const config::node& rule, const std::string& outcome)
    {
        const auto refuse = [&](std::string_view key, std::string_view owner) {
            if (outcome == owner) return;
            if (const auto* found = rule.find_key(key)) {
                problems_.error(found->where, "`" + found->text + "` belongs to `" +
                                                  std::string{owner} + "`, not to `" + outcome +
                                                  "`");
            }
        };
        refuse("request", "to");
        refuse("input", "action");
        refuse("body", "dataset");
        refuse("variables", "rules");
        refuse("mode", "rules");
        refuse("else", "rules");
    }

    std::string set_;
    diagnostics& problems_;
    std::set<std::string> names_;
};

void collect_steps(const rule_group& group, std::vector<std::string>& into)
{
    for (const auto* rules : {&group.rules, &group.otherwise}) {
        for (const auto& rule : *rules) {
            for (const auto& step : rule.steps) {
                into.push_back(rule.name.name + "." + step.name.name);
            }
            collect_steps(rule.group, into);
        }
    }
}

/// `responses` and `requests` of tests may only name steps that exist.
void check_step_names(const rule_set_source& set, diagnostics& problems)
{
    std::vector<std::string> known;
    collect_steps(set.group, known);
    const auto check = [&](const std::string& name, const config::source_location& where) {
        if (std::ranges::find(known, name) != known.end()) return;
        const auto near = config::nearest_name(name, {known.begin(), known.end()});
        problems.error(where, "there is no step '" + name + "'",
                       near.empty() ? "write RULE.STEP of a rule with `steps`"
                                    : "did you mean '" + std::string{near} + "'?");
    };
    for (const auto& test : set.tests) {
        for (const auto& response : test.responses) check(response.step.name, response.step.where);
        for (const auto& request : test.requests) {
            if (!request.step.empty()) check(request.rule + "." + request.step, request.where);
        }
    }
}

void read_event_types(const config::node& body, rule_set_source& out, diagnostics& problems)
{
    for (const auto& type : read_names(body, "event_types", problems)) {
        const auto star = type.name.find('*');
        if (star != std::string::npos && star + 1 != type.name.size()) {
            problems.error(type.where, "'*' may only end an event type, as in `order.*`");
        }
        out.event_types.push_back(type.name);
    }
}

}  // namespace

rule_set_source read_rule_set(const config::rule_source& source, const document_reader& documents,
                              diagnostics& problems)
{
    rule_set_source out;
    out.name = {source.name, source.body.where};
    if (!is_rule_name(source.name)) {
        problems.error(source.body.where, "'" + source.name + "' is no name for a rule set",
                       "use letters, digits, _ and -");
    }
    if (!expect_map(source.body, "rule set '" + source.name + "'", problems)) return out;
    const auto& body = source.body;
    refuse_unknown_keys(body,
                        {"source", "event_types", "description", "schema", "include", "params",
                         "variables", "mode", "rules", "else", "on_error", "nulls", "tests"},
                        "a rule set", problems);
    out.datasets = read_names(body, "source", problems);
    if (body.find("source") == nullptr) {
        problems.error(body.where, "rule set '" + source.name + "' has no `source`",
                       "name the dataset that it reads");
    }
    out.folder = source.folder;
    if (const auto schema = read_text(body, "schema", problems)) {
        out.schema = {schema->text, schema->where};
    }
    read_event_types(body, out, problems);
    out.libraries =
        read_libraries(read_names(body, "include", problems), source.folder, documents, problems);
    out.params = read_params(body, problems);
    out.on_error = read_error_policy(body, "on_error", problems).value_or(error_policy::omit);
    out.nulls = read_null_policy(body, problems).value_or(null_policy::keep);
    rules_walk walk(source.name, problems);
    out.group = walk.read_group(body);
    if (const auto* tests = body.find("tests")) {
        out.tests = read_tests(*tests, source.folder, documents, problems);
        check_step_names(out, problems);
    }
    return out;
}

}  // namespace sluice::rules
