#include "rules/definition/test_checks.hpp"

#include <algorithm>

namespace sluice::rules {
namespace {

void collect(const rule_group& group, bool only_acting, std::vector<named_source>& into)
{
    const auto add = [&](const rule_source_node& rule) {
        if (only_acting && !rule.enabled) return;
        const bool is_nested = rule.what == rule_source_node::outcome::nested;
        if (!is_nested || !only_acting) into.push_back(rule.name);
        if (is_nested) collect(rule.group, only_acting, into);
    };
    for (const auto& rule : group.rules) add(rule);
    for (const auto& rule : group.otherwise) add(rule);
}

/// `contact` of `contact.find`.
std::string rule_of(const std::string& name)
{
    return name.substr(0, name.find('.'));
}

std::string listed(const std::vector<std::string>& names)
{
    constexpr std::size_t shown_max = 8;
    std::string out;
    for (std::size_t i = 0; i < names.size() && i < shown_max; ++i) {
        out += (i == 0 ? "'" : ", '") + names[i] + "'";
    }
    if (names.size() > shown_max)
        out += " and " + std::to_string(names.size() - shown_max) + " more";
    return out;
}

void check_names(const rule_set_source& set, const test_source& test,
                 const std::vector<named_source>& rules, config::diagnostics& problems)
{
    std::vector<std::string_view> known, params;
    for (const auto& rule : rules) known.emplace_back(rule.name);
    for (const auto& param : set.params) params.emplace_back(param.name.name);
    for (const auto& named : test.named_rules) {
        const auto rule = rule_of(named.name);
        if (std::ranges::find(known, rule) != known.end()) continue;
        const auto near = config::nearest_name(rule, known);
        problems.error(named.where, "rule set '" + set.name.name + "' has no rule '" + rule + "'",
                       near.empty() ? "" : "did you mean '" + std::string{near} + "'?");
    }
    for (const auto& named : test.named_params) {
        if (std::ranges::find(params, named.name) != params.end()) continue;
        const auto near = config::nearest_name(named.name, params);
        problems.error(named.where,
                       "rule set '" + set.name.name + "' has no param '" + named.name + "'",
                       near.empty() ? "" : "did you mean '" + std::string{near} + "'?");
    }
}

}  // namespace

std::vector<named_source> acting_rules(const rule_set_source& set)
{
    std::vector<named_source> found;
    collect(set.group, true, found);
    return found;
}

std::set<std::string> tested_rules(const rule_set_source& set)
{
    std::set<std::string> found;
    for (const auto& test : set.tests) {
        const auto is_refused = [&](const std::string& name) {
            return std::ranges::any_of(test.not_matched, [&](auto& n) { return n.first == name; });
        };
        for (const auto& named : test.named_rules) {
            if (!is_refused(named.name)) found.insert(rule_of(named.name));
        }
    }
    return found;
}

void check_tests(const rule_set_source& set, bool warns, config::diagnostics& problems)
{
    std::vector<named_source> all;
    collect(set.group, false, all);
    std::set<std::string> seen;
    for (const auto& test : set.tests) {
        if (!seen.insert(test.name.name).second) {
            problems.error(
                test.name.where,
                "test '" + test.name.name + "' stands twice in rule set '" + set.name.name + "'",
                "give each test its own name");
        }
        check_names(set, test, all, problems);
        const bool covers = !test.named_rules.empty() || test.matched || test.warnings;
        if (warns && !covers) {
            problems.warning(test.name.where,
                             "test '" + test.name.name + "' covers no rule: it expects nothing",
                             "add for example `matched: [a-rule]`, or `matched: []` for none");
        }
    }
    if (!warns) return;
    const auto tested = tested_rules(set);
    std::vector<std::string> untested;
    for (const auto& rule : acting_rules(set)) {
        if (!tested.contains(rule.name)) untested.push_back(rule.name);
    }
    if (untested.empty()) return;
    const bool is_one = untested.size() == 1;
    problems.warning(
        set.name.where,
        "no test of rule set '" + set.name.name + "' covers " + (is_one ? "rule " : "the rules ") +
            listed(untested),
        "add a test that names " + std::string(is_one ? "it" : "them") + " under `expect.matched`");
}

}  // namespace sluice::rules
