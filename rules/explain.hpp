#pragma once
// Why an event went where it went: every rule, every predicate with the values seen, the request it
// would send and the members left out. Evaluates without short cuts, so it is slow; for people, not
// for lanes. Works in a scratch of its own; any thread.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rules/request/body_fields.hpp"
#include "rules/rule_compiler.hpp"
#include "rules/steps/step_results.hpp"

namespace sluice::rules {

/// What a predicate read.
struct seen_value {
    std::string name;  ///< `event.order.total`, `variables.items`, `params.min`
    std::string text;  ///< for people, cut; empty when there is none: `problem` says why
    std::string json;  ///< empty also for what has no JSON form
    std::string problem;
};

struct explained_predicate {
    truth result = truth::unknown;
    std::int64_t cost = 0;
    std::string text;
    std::string seen;   ///< "128.8 >= 10", or the error in words
    std::string cause;  ///< of an error: "event.order.currency is absent"
    std::vector<seen_value> values;
};

/// A condition, of a rule or of a step.
struct explained_condition {
    std::string reason;  ///< the first thing against it; empty when it holds
    std::int64_t cost = 0;
    std::vector<explained_predicate> predicates;
};

/// A step of a matched rule. Nothing is sent: the answers are given or assumed.
struct explained_step : explained_condition {
    enum class verdict : std::uint8_t { ran, skipped, failed, not_reached };
    std::string name;
    std::string target;
    verdict result = verdict::ran;
    std::optional<rendered_request> request;
    std::optional<render_failure> failure;
    std::vector<omitted_member> omitted;
    step_answer answer;       ///< of steps that made a request
    bool is_assumed = false;  ///< nobody gave the answer: 200 and `{}`
};

struct explained_rule : explained_condition {
    enum class verdict : std::uint8_t {
        matched,
        no_match,
        absent,
        error,
        sampled_out,
        dropped,
        not_reached,
        entered,  ///< a rule with rules inside: they were asked
    };
    std::string name;
    std::string set;
    verdict result = verdict::no_match;
    std::string target;
    rule_action action = rule_action::send;
    std::optional<rendered_request> request;  ///< of matched rules
    std::optional<render_failure> failure;
    std::vector<omitted_member> omitted;
    std::vector<body_field> fields;     ///< what the mapping made, leaf by leaf
    std::string explanation;            ///< what the rule says of itself, of matched rules
    std::vector<explained_step> steps;  ///< of matched rules with steps
};

struct explained_set {
    std::string name;
    config::source_location where;
    match_mode mode = match_mode::all;
    std::string not_considered;  ///< why, when the event's type is not the set's
    std::int64_t cost = 0;
    std::vector<explained_rule> rules;  ///< acting rules, in order
};

struct explanation {
    std::string event_id, event_type, dataset;
    std::string problem;  ///< not empty: nothing could be explained
    std::vector<explained_set> sets;
    std::vector<std::string> matched;  ///< `set/rule` in order
};

/// Answers the request of a step of `rule` (`set/rule`); nothing: 200 and `{}` are assumed.
using step_responder = std::function<std::optional<step_answer>(
    const std::string& rule, const rule_step& step, const rendered_request& request)>;

[[nodiscard]] explanation explain_event(const compiled_program& program, const event_input& event,
                                        const step_responder& respond = {});
/// Of the program that reads `event.dataset`.
[[nodiscard]] explanation explain_event(const rule_catalog& catalog, const event_input& event,
                                        const step_responder& respond = {});

/// How a request is shown; the gateway adds the destination's URL and masked credentials.
struct printed_request {
    std::string line;                  ///< method and URL
    std::vector<std::string> secrets;  ///< `authorization: ***`
};
using request_printer =
    std::function<printed_request(const std::string& target, const rendered_request& request)>;

/// `lists_fields`: below each body one line per leaf of what the mapping made.
[[nodiscard]] std::string to_text(const explanation& explained, const request_printer& print = {},
                                  bool lists_fields = true);
[[nodiscard]] std::string to_json(const explanation& explained);

[[nodiscard]] std::string_view verdict_text(explained_rule::verdict verdict);
[[nodiscard]] std::string_view verdict_text(explained_step::verdict verdict);

}  // namespace sluice::rules
