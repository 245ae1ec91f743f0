#include "rules/program_builder.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "rules/event/event_schema.hpp"
#include "rules/index/clause.hpp"

namespace sluice::rules {

using expression::value_kind;

namespace {

rule_action action_of(rule_source_node::outcome what)
{
    switch (what) {
        case rule_source_node::outcome::send:
            return rule_action::send;
        case rule_source_node::outcome::dataset:
            return rule_action::dataset;
        case rule_source_node::outcome::steps:
            return rule_action::steps;
        default:
            return rule_action::drop;
    }
}

}  // namespace

struct program_builder::set_context {
    const rule_set_source& source;
    config::diagnostics& problems;
};

program_builder::program_builder(const std::string& dataset, const rule_environment& names)
    : names_(names), program_(std::make_shared<compiled_program>(dataset, names))
{
}

void program_builder::add(const rule_set_source& source, config::diagnostics& problems)
{
    const auto first_variable = program_->parts().variables.size();
    const auto errors = problems.error_count();
    scope names(program_->parts(), source.name.name, problems);
    use_schema(source, names, problems);
    for (const auto& library : source.libraries) names.declare_library(library);
    for (const auto& param : source.params) {
        names.declare_param("params." + param.name.name, param.json);
    }
    program_set set{
        .name = source.name.name, .where = source.name.where, .event_types = source.event_types};
    set.group = add_group(source.group, names, {source, problems});
    warn_of_unused(first_variable, problems);
    // What seems unused may be what a mistake misspelt.
    if (problems.error_count() == errors) {
        warn_of_unused(source, names, problems);
        warn_of_unindexed(set.group, problems);
    }
    program_->sets_.push_back(std::move(set));
}

void program_builder::warn_of_unused(std::size_t first, config::diagnostics& problems)
{
    const auto& parts = program_->parts();
    for (auto i = first; i < parts.variables.size(); ++i) {
        const auto& variable = parts.variables[i];
        // A library serves several sets; not each of them uses all of it.
        if (!variable.name.starts_with("variables.")) continue;
        if (parts.used_variables.contains(static_cast<std::uint32_t>(i))) continue;
        problems.warning(variable.where, "`" + variable.name + "` is never used", "remove it");
    }
}

/// The schema of the set, else that of the dataset, types `event`.
void program_builder::use_schema(const rule_set_source& source, scope& names,
                                 config::diagnostics& problems) const
{
    std::shared_ptr<const event_schema> schema;
    if (source.schema) {
        const auto path = std::filesystem::path{source.folder} / source.schema->name;
        schema = read_event_schema_file(path.lexically_normal().string(), source.schema->where,
                                        problems);
    } else if (const auto found = names_.schemas.find(program_->dataset());
               found != names_.schemas.end()) {
        schema = read_event_schema_file(found->second.path, found->second.where, problems);
    }
    if (schema) names.use_schema(std::move(schema));
}

void program_builder::warn_of_unused(const rule_set_source& source, const scope& names,
                                     config::diagnostics& problems)
{
    const auto& used = names.used();
    for (const auto& param : source.params) {
        if (used.contains("params." + param.name.name)) continue;
        problems.warning(param.name.where, "`params." + param.name.name + "` is never used",
                         "remove it");
    }
    for (const auto& library : source.libraries) {
        const auto prefix = library.name.name + ".";
        if (library.included.line == 0) continue;
        const auto next = used.lower_bound(prefix);
        if (next != used.end() && next->starts_with(prefix)) continue;
        problems.warning(library.included, "library '" + library.name.name + "' is never used",
                         "remove it from `include`");
    }
}

/// In a large set, rules that the index can't single out are decided for every event.
void program_builder::warn_of_unindexed(std::uint32_t group, config::diagnostics& problems) const
{
    constexpr std::size_t large_set = 200, told_max = 10;
    const auto& rules = program_->groups_[group].rules;
    if (rules.size() <= large_set) return;
    std::vector<condition_id> conditions;
    for (const auto rule : rules) conditions.push_back(program_->rules_[rule].condition);
    const clause_maker maker(program_->conditions_, conditions);
    std::vector<const program_rule*> slow;
    for (const auto number : rules) {
        const auto& rule = program_->rules_[number];
        const auto list = maker.clauses_of(rule.condition);
        const auto is_found = [&](const clause& c) {
            return std::ranges::all_of(
                c.literals, [&](const literal& l) { return maker.lookup_for(l) != lookup::none; });
        };
        if (std::ranges::none_of(list.clauses, is_found)) slow.push_back(&rule);
    }
    for (std::size_t i = 0; i < slow.size() && i < told_max; ++i) {
        auto hint = std::string{"give it an equality, a bound or a prefix on a field of the event"};
        if (i + 1 == told_max && slow.size() > told_max) {
            hint += "; so it is with " + std::to_string(slow.size() - told_max) + " more rules";
        }
        problems.warning(slow[i]->where,
                         "rule '" + slow[i]->short_name +
                             "' has no part that the index can use, so every event asks it",
                         std::move(hint));
    }
}

std::shared_ptr<const compiled_program> program_builder::finish()
{
    add_indexes();
    program_->finish();
    return program_;
}

std::uint32_t program_builder::add_group(const rule_group& group, scope& names,
                                         const set_context& set)
{
    names.announce(group.variables);
    for (const auto& variable : group.variables) names.declare_variable("variables", variable);
    names.announce({});
    program_group made{.mode = group.mode};
    const rule_source_node* always = nullptr;
    for (const auto& rule : group.rules) {
        if (!rule.enabled) continue;
        if (always != nullptr && group.mode == match_mode::first) {
            set.problems.warning(rule.name.where, "rule '" + rule.name.name + "' is never reached",
                                 "rule '" + always->name.name + "' above it takes every event");
        }
        const auto number = add_rule(rule, names, set);
        made.rules.push_back(number);
        const auto& compiled = program_->rules_[number];
        if (always == nullptr && !rule.sample && rule.what != rule_source_node::outcome::nested &&
            program_->conditions_.is_always(compiled.condition)) {
            always = &rule;
        }
    }
    for (const auto& rule : group.otherwise) {
        if (always != nullptr) {
            set.problems.warning(rule.name.where, "`else` is never reached",
                                 "rule '" + always->name.name + "' takes every event");
        }
        if (rule.enabled) made.otherwise = add_rule(rule, names, set);
    }
    program_->groups_.push_back(std::move(made));
    return static_cast<std::uint32_t>(program_->groups_.size() - 1);
}

std::uint32_t program_builder::add_rule(const rule_source_node& rule, scope& names,
                                        const set_context& set)
{
    program_rule made;
    made.name = set.source.name.name + "/" + rule.name.name;
    made.short_name = rule.name.name;
    made.where = rule.name.where;
    made.on_error = rule.on_condition_error;
    using use = expression::condition_use;
    if (rule.on_condition_error == condition_error::match) {
        names.use_for(use::none);  // absence is taken care of
    } else if (rule.what == rule_source_node::outcome::drop) {
        names.use_for(use::drops);
    }
    made.condition = rule.when ? program_->conditions_.add(*rule.when, names, made.name)
                               : program_->conditions_.always();
    names.use_for(use::matches);
    if (rule.sample) {
        made.sample = program_sample{.rate = rule.sample->rate};
        if (rule.sample->by) made.sample->by = names.compile(*rule.sample->by);
    }
    if (rule.what == rule_source_node::outcome::nested) {
        scope inner(names, set.source.name.name);
        made.group = add_group(rule.group, inner, set);
    } else {
        add_outcome(rule, made, names, set);
    }
    program_->rules_.push_back(std::move(made));
    const auto number = static_cast<std::uint32_t>(program_->rules_.size() - 1);
    const auto outcome = program_->rules_.back().outcome;
    if (outcome != program_rule::none) program_->rule_of_outcome_[outcome] = number;
    return number;
}

void program_builder::add_outcome(const rule_source_node& rule, program_rule& made, scope& names,
                                  const set_context& set)
{
    using outcome = rule_source_node::outcome;
    std::uint32_t ordinal = 0;
    const mapping_options options{.on_error = rule.on_error.value_or(set.source.on_error),
                                  .nulls = rule.nulls.value_or(set.source.nulls)};
    const bool has_request = rule.what == outcome::send || rule.what == outcome::dataset;
    if (has_request) {
        made.request = request_program::compile(rule.request, rule.what == outcome::send, options,
                                                names, ordinal, program_->leaf_count_);
    }
    if (rule.explanation) made.explanation = names.compile(*rule.explanation, {}, ordinal);
    check_target(rule, set.problems);
    made.outcome = static_cast<rule_index>(program_->outcomes_.size());
    program_->outcomes_.push_back({.action = action_of(rule.what),
                                   .rule = made.name,
                                   .set = set.source.name.name,
                                   .target = rule.target.name,
                                   .steps = {},
                                   .where = made.where});
    program_->rule_of_outcome_.push_back(0);
    if (rule.what == outcome::steps) add_steps(rule, made, names, options, ordinal, set);
}

void program_builder::add_steps(const rule_source_node& rule, const program_rule& made,
                                scope& names, mapping_options options, std::uint32_t& ordinal,
                                const set_context& set)
{
    auto& outcome = program_->outcomes_.back();
    outcome.target = "steps." + set.source.name.name + "." + rule.name.name;
    if (std::ranges::find(names_.destinations, outcome.target) != names_.destinations.end()) {
        set.problems.error(rule.name.where,
                           "destination '" + outcome.target + "' has the name of this rule's lane",
                           "rename the destination, its retries and dead letters would mix");
    }
    std::vector<std::string> all;
    for (const auto& step : rule.steps) all.push_back(step.name.name);
    std::vector<program_step> compiled;
    auto& conditions = program_->steps_.conditions();
    for (const auto& step : rule.steps) {
        scope inner(names, all, compiled.size());
        if (!step.target.name.empty()) check_name(step.target, true, set.problems);
        program_step part;
        part.condition =
            step.when ? conditions.add(*step.when, inner, made.name) : conditions.always();
        if (auto request = request_program::compile(step.request, true, options, inner, ordinal,
                                                    program_->leaf_count_)) {
            part.request = std::move(*request);
        }
        compiled.push_back(std::move(part));
        outcome.steps.push_back({.name = step.name.name,
                                 .target = step.target.name,
                                 .accept = step.accept,
                                 .timeout = step.timeout,
                                 .response_bytes_max = step.response_bytes_max,
                                 .continues = step.continues,
                                 .is_event_path = compiled.back().request.is_event_path()});
    }
    program_->steps_.add(made.outcome, std::move(compiled));
}

void program_builder::check_target(const rule_source_node& rule,
                                   config::diagnostics& problems) const
{
    const bool is_send = rule.what == rule_source_node::outcome::send;
    if (!is_send && rule.what != rule_source_node::outcome::dataset) return;
    check_name(rule.target, is_send, problems);
}

void program_builder::check_name(const named_source& name, bool is_destination,
                                 config::diagnostics& problems) const
{
    const auto& known = is_destination ? names_.destinations : names_.datasets;
    if (std::ranges::find(known, name.name) != known.end()) return;
    const std::string what = is_destination ? "destination" : "dataset";
    const auto near = config::nearest_name(name.name, {known.begin(), known.end()});
    problems.error(name.where, "unknown " + what + " '" + name.name + "'",
                   near.empty() ? "declare it under `" + what + "s`"
                                : "did you mean '" + std::string{near} + "'?");
}

std::vector<candidate_index::entry> program_builder::entries_of(const program_group& group) const
{
    std::vector<candidate_index::entry> entries;
    entries.reserve(group.rules.size());
    for (const auto number : group.rules) {
        const auto& rule = program_->rules_[number];
        entries.push_back({number, rule.condition, rule.on_error != condition_error::no_match});
    }
    return entries;
}

/// One index for all sets together, because many small sets are as slow to scan as a large one;
/// and one for each large group inside a rule.
void program_builder::add_indexes()
{
    std::vector<candidate_index::entry> of_sets;
    for (auto& set : program_->sets_) {
        const auto own = entries_of(program_->groups_[set.group]);
        set.first = static_cast<std::uint32_t>(of_sets.size());
        of_sets.insert(of_sets.end(), own.begin(), own.end());
        set.last = static_cast<std::uint32_t>(of_sets.size());
        set_groups_.insert(set.group);
    }
    const auto add = [&](const std::vector<candidate_index::entry>& entries) {
        program_->indexes_.emplace_back(program_->conditions_, entries);
        return static_cast<std::uint32_t>(program_->indexes_.size() - 1);
    };
    const auto indexed_rules_min = names_.indexed_rules_min;
    if (of_sets.size() >= indexed_rules_min) program_->set_index_ = add(of_sets);
    for (std::uint32_t i = 0; i < program_->groups_.size(); ++i) {
        auto& group = program_->groups_[i];
        if (set_groups_.contains(i) || group.rules.size() < indexed_rules_min) continue;
        group.index = add(entries_of(group));
    }
}

}  // namespace sluice::rules
