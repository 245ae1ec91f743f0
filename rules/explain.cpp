#include "rules/explain.hpp"

#include <algorithm>
#include <deque>

#include "rules/conditions/seen_values.hpp"
#include "rules/expression/json_reader.hpp"

namespace sluice::rules {
namespace {

using verdict = explained_rule::verdict;

/// Units of a part as the language counts them: 1 a node, constants free, and a path with its
/// constant fallback is one look into a slot. Special code may charge less.
std::int64_t nodes_of(const expression::node& at)
{
    if (at.is_literal()) return 0;
    const bool is_slot = at.macro == expression::macro_kind::default_value &&
                         at.children.size() == 2 && at.children[1]->is_literal() &&
                         at.children[0]->kind == expression::node_kind::path;
    if (is_slot) return 1;
    std::int64_t count = 1;
    for (const auto& child : at.children) count += nodes_of(*child);
    return count;
}

/// Walks the groups of one set like decide_group does, but looks at everything.
class explainer {
public:
    explainer(const compiled_program& program, const event_input& event,
              const decided_event& decided, rule_scratch& scratch, const step_responder& respond)
        : program_(program),
          event_(event),
          decided_(decided),
          scratch_(scratch),
          seen_(program, scratch),
          respond_(respond)
    {
    }

    void explain_group(std::uint32_t number, bool is_reached, const std::string& outer_reason,
                       explained_set& into)
    {
        const auto& group = program_.group(number);
        bool has_match = false;
        for (const auto rule : group.rules) {
            const bool is_open = is_reached && !(has_match && group.mode == match_mode::first);
            const auto& why = is_reached ? earlier_rule : outer_reason;
            has_match = explain_rule(rule, is_open, why, into) || has_match;
        }
        if (group.otherwise != program_rule::none) {
            explain_rule(group.otherwise, is_reached && !has_match,
                         is_reached ? another_rule : outer_reason, into);
        }
    }

private:
    /// True when the rule, or one inside it, matched.
    bool explain_rule(std::uint32_t number, bool is_reached, const std::string& not_reached,
                      explained_set& into)
    {
        const auto& rule = program_.rule(number);
        explained_rule out;
        out.name = rule.short_name;
        out.set = into.name;
        const auto answer =
            explain_condition(program_.conditions(), rule.condition, scratch_.answers, out);
        if (rule.group != program_rule::none)
            return explain_nested(rule, answer, is_reached, not_reached, out, into);
        const auto& outcome = program_.outcomes()[rule.outcome];
        out.target = outcome.target;
        out.action = outcome.action;
        const bool is_matched =
            std::ranges::find(decided_.matched, rule.outcome) != decided_.matched.end();
        if (is_matched) {
            out.result = outcome.action == rule_action::drop ? verdict::dropped : verdict::matched;
            out.reason.clear();
            render(rule.outcome, out);
            if (outcome.action == rule_action::steps) explain_steps(rule.outcome, out);
        } else if (!is_reached) {
            out.result = verdict::not_reached;
            out.reason = not_reached;
        } else if (answer == truth::yes) {
            out.result = verdict::sampled_out;
            out.reason = "sampled out";
        } else {
            out.result = answer == truth::absent  ? verdict::absent
                         : answer == truth::error ? verdict::error
                                                  : verdict::no_match;
        }
        into.cost += out.cost;
        into.rules.push_back(std::move(out));
        return is_matched;
    }

    bool explain_nested(const program_rule& rule, truth answer, bool is_reached,
                        const std::string& not_reached, explained_rule& outer, explained_set& into)
    {
        const bool is_open = is_reached && answer == truth::yes;
        outer.result = is_open                   ? verdict::entered
                       : !is_reached             ? verdict::not_reached
                       : answer == truth::absent ? verdict::absent
                       : answer == truth::error  ? verdict::error
                                                 : verdict::no_match;
        if (!is_reached) outer.reason = not_reached;
        into.cost += outer.cost;
        into.rules.push_back(outer);
        const auto first = into.rules.size();
        const auto why = !is_reached ? not_reached : rule.short_name + ": " + outer.reason;
        explain_group(rule.group, is_open, why, into);
        return std::any_of(into.rules.begin() + static_cast<std::ptrdiff_t>(first),
                           into.rules.end(), [](const auto& inner) {
                               return inner.result == verdict::matched ||
                                      inner.result == verdict::dropped;
                           });
    }

    truth explain_condition(const condition_table& conditions, condition_id condition,
                            std::vector<truth>& answers, explained_condition& out)
    {
        answers.assign(conditions.predicates().size(), truth::unknown);
        const auto answer = conditions.decide(condition, answers, scratch_.context);
        for (const auto& [id, text] : conditions.predicates_of(condition)) {
            const auto& predicate = conditions.predicates().at(id);
            const auto shown = conditions.predicates().evaluate(id, scratch_.context);
            explained_predicate part{
                .result = truth_of(shown),
                .cost = std::max({std::int64_t{1}, predicate.code.static_cost(),
                                  nodes_of(predicate.code.root())}),
                .text = text};
            seen_.look_at(predicate, shown, part);
            out.cost += part.cost;
            out.predicates.push_back(std::move(part));
        }
        if (answer != truth::yes) out.reason = reason_against(out, answer);
        return answer;
    }

    /// The predicate that decided: of the kind of the answer, the first in the source.
    [[nodiscard]] static std::string reason_against(const explained_condition& rule, truth answer)
    {
        for (const auto& part : rule.predicates) {
            if (part.result != answer) continue;
            if (answer == truth::no) return part.text + "  is false";
            return part.text + "  " + part.cause;
        }
        for (const auto& part : rule.predicates) {
            if (part.result == truth::yes) return part.text + "  is true, and must not be";
        }
        return "its condition does not hold";
    }

    void render(rule_index outcome, explained_rule& out)
    {
        if (out.action == rule_action::drop) return;
        rendered_request request;
        scratch_.omitted = &out.omitted;
        out.failure = program_.render(outcome, event_, decided_, scratch_, request);
        scratch_.omitted = nullptr;
        if (out.failure) return;
        out.explanation = request.explanation;
        if (out.action == rule_action::steps) return;
        out.fields = fields_of_body(request.body);
        out.request = std::move(request);
    }

    /// Runs the steps as a lane would, with answers that were given or assumed.
    void explain_steps(rule_index outcome, explained_rule& out)
    {
        step_results results;
        std::string stopped_by;
        const auto& steps = program_.outcomes()[outcome].steps;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            auto& shown = out.steps.emplace_back();
            shown.name = steps[i].name;
            shown.target = steps[i].target;
            if (!stopped_by.empty()) {
                shown.result = explained_step::verdict::not_reached;
                shown.reason = "step '" + stopped_by + "' failed";
                continue;
            }
            explain_step(outcome, i, results, shown);
            const bool has_failed = shown.result == explained_step::verdict::failed;
            if (has_failed && !steps[i].continues) stopped_by = steps[i].name;
        }
        scratch_.enter(*static_cast<const slot_table*>(decided_.slots), event_);
    }

    void explain_step(rule_index outcome, std::size_t number, step_results& results,
                      explained_step& out)
    {
        const auto& steps = program_.all_steps();
        const auto& rule = program_.outcomes()[outcome].rule;
        const auto& step = program_.outcomes()[outcome].steps[number];
        const auto& json = results_.emplace_back(results.to_json());
        const auto seen = steps.with_results(decided_, json, arena_, scratch_);
        scratch_.enter(*static_cast<const slot_table*>(seen.slots), event_);
        const auto answer = explain_condition(
            steps.conditions(), steps.at(outcome, number).condition, scratch_.step_answers, out);
        if (answer != truth::yes) {
            out.result = explained_step::verdict::skipped;
            return;
        }
        rendered_request request;
        scratch_.omitted = &out.omitted;
        out.failure = steps.render(outcome, number, event_, seen, scratch_, request);
        scratch_.omitted = nullptr;
        if (out.failure) {
            out.result = explained_step::verdict::failed;
            out.reason = out.failure->path + ": " + out.failure->message;
            out.answer = {.reason = "mapping", .headers = {}, .text = {}};
            results.add(step.name, out.answer);
            return;
        }
        out.request = std::move(request);
        auto given = respond_ ? respond_(rule, step, *out.request) : std::nullopt;
        out.is_assumed = !given;
        out.answer = given ? std::move(*given)
                           : step_answer{.status = 200,
                                         .reason = "http_200",
                                         .headers = {},
                                         .text = "{}",
                                         .attempts = 1};
        if (out.answer.text.size() > step.response_bytes_max) {
            out.answer.text.resize(step.response_bytes_max);
        }
        results.add(step.name, out.answer);
        if (!holds_status(step.accept, out.answer.status)) {
            out.result = explained_step::verdict::failed;
            out.reason = out.answer.status == 0
                             ? "no answer (" + step_code(out.answer) + ")"
                             : "status " + std::to_string(out.answer.status) + " is not accepted";
        }
    }

    inline static const std::string earlier_rule = "an earlier rule matched (mode first)";
    inline static const std::string another_rule = "another rule matched";

    const compiled_program& program_;
    const event_input& event_;
    const decided_event& decided_;
    rule_scratch& scratch_;
    seen_values seen_;
    const step_responder& respond_;
    event_arena arena_;
    std::deque<std::string> results_;  ///< that slots refer to
};

std::string types_text(const program_set& set)
{
    std::string out;
    for (const auto& type : set.event_types) out += (out.empty() ? "" : " or ") + type;
    return out;
}

}  // namespace

std::string_view verdict_text(explained_step::verdict result)
{
    switch (result) {
        case explained_step::verdict::ran:
            return "ran";
        case explained_step::verdict::skipped:
            return "skipped";
        case explained_step::verdict::failed:
            return "failed";
        case explained_step::verdict::not_reached:
            return "not reached";
    }
    return "";
}

std::string_view verdict_text(explained_rule::verdict result)
{
    switch (result) {
        case verdict::matched:
            return "matched";
        case verdict::no_match:
            return "no match";
        case verdict::absent:
            return "absent";
        case verdict::error:
            return "error";
        case verdict::sampled_out:
            return "sampled out";
        case verdict::dropped:
            return "dropped";
        case verdict::not_reached:
            return "not reached";
        case verdict::entered:
            return "entered";
    }
    return "";
}

explanation explain_event(const compiled_program& program, const event_input& event,
                          const step_responder& respond)
{
    explanation out{.event_id = std::string{event.id},
                    .event_type = std::string{event.type},
                    .dataset = std::string{event.dataset}};
    event_arena arena;
    if (!expression::read_json(event.json, arena)) {
        out.problem = "the event is not valid JSON";
        return out;
    }
    rule_scratch scratch(program);
    const auto decided = program.decide(event, arena, scratch);
    for (const auto index : decided.matched) out.matched.push_back(program.outcomes()[index].rule);
    explainer walk(program, event, decided, scratch, respond);
    for (const auto& set : program.sets()) {
        explained_set shown{
            .name = set.name, .where = set.where, .mode = program.group(set.group).mode};
        if (program.considers(set, event.type)) {
            walk.explain_group(set.group, true, {}, shown);
        } else {
            shown.not_considered = "event type " + out.event_type + " is not " + types_text(set);
        }
        out.sets.push_back(std::move(shown));
    }
    return out;
}

explanation explain_event(const rule_catalog& catalog, const event_input& event,
                          const step_responder& respond)
{
    const auto program = catalog.program_for(event.dataset);
    if (const auto* compiled = dynamic_cast<const compiled_program*>(program.get())) {
        return explain_event(*compiled, event, respond);
    }
    return {.event_id = std::string{event.id},
            .event_type = std::string{event.type},
            .dataset = std::string{event.dataset},
            .problem = "no rule reads the dataset '" + std::string{event.dataset} + "'"};
}

}  // namespace sluice::rules
