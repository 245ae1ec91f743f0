#include <fmt/format.h>

#include "rules/definition/literal.hpp"
#include "rules/explain.hpp"

namespace sluice::rules {
namespace {

using verdict = explained_rule::verdict;

std::string_view truth_text(truth t)
{
    switch (t) {
        case truth::yes:
            return "true";
        case truth::no:
            return "false";
        case truth::absent:
            return "absent";
        case truth::error:
            return "error";
        case truth::unknown:
            return "unknown";
    }
    return "";
}

std::string place_text(const config::source_location& where)
{
    if (!where.file) return {};
    return fmt::format("{}:{}", *where.file, where.line);
}

std::string shortened(std::string_view text, std::size_t length_max)
{
    if (text.size() <= length_max) return std::string{text};
    while (length_max > 0 && (static_cast<unsigned char>(text[length_max]) & 0xC0U) == 0x80U) {
        --length_max;
    }
    return std::string{text.substr(0, length_max)} + " …";
}

void append_content(std::string& out, const rendered_request& request,
                    const std::vector<omitted_member>& omitted)
{
    for (const auto& [name, text] : request.headers) {
        out += fmt::format("           {}: {}\n", name, text);
    }
    if (!request.explanation.empty())
        out += fmt::format("           because: {}\n", request.explanation);
    if (!request.body.empty()) out += fmt::format("           {}\n", shortened(request.body, 2000));
    for (const auto& member : omitted) {
        out += fmt::format("           {}: {} ({})\n", member.is_nulled ? "nulled" : "omitted",
                           member.path, member.reason);
    }
}

void append_predicates(std::string& out, const explained_condition& of)
{
    for (const auto& part : of.predicates) {
        out += fmt::format("        {:<7} {:>3}   {}    {}\n", truth_text(part.result), part.cost,
                           part.text, part.seen);
    }
}

void append_step(std::string& out, std::size_t number, const explained_step& step,
                 const request_printer& print)
{
    out += fmt::format("    {}. {}   {}{}{}\n", number, step.name, verdict_text(step.result),
                       step.reason.empty() ? "" : ": ", step.reason);
    append_predicates(out, step);
    if (!step.request) return;
    const auto& request = *step.request;
    out += fmt::format("        -> {}  {}\n", step.target,
                       print ? print(step.target, request)
                             : fmt::format("{} {}", request.method, request.path));
    append_content(out, request, step.omitted);
    out += fmt::format("        <- {}{}  {}\n", step_code(step.answer),
                       step.is_assumed ? " (assumed)" : "", shortened(step.answer.text, 500));
}

void append_request(std::string& out, const explained_rule& rule, const request_printer& print)
{
    if (rule.action == rule_action::steps) {
        if (!rule.explanation.empty())
            out += fmt::format("           because: {}\n", rule.explanation);
        for (std::size_t i = 0; i < rule.steps.size(); ++i) {
            append_step(out, i + 1, rule.steps[i], print);
        }
        return;
    }
    if (rule.action == rule_action::drop) {
        out += fmt::format("        -> dropped: {}\n", rule.target);
        return;
    }
    if (rule.failure) {
        out += fmt::format("        -> {}  no request: {}: {}\n", rule.target, rule.failure->path,
                           rule.failure->message);
        return;
    }
    if (!rule.request) return;
    const auto& request = *rule.request;
    if (rule.action == rule_action::dataset) {
        out += fmt::format("        -> dataset {}\n", rule.target);
    } else if (print) {
        out += fmt::format("        -> {}  {}\n", rule.target, print(rule.target, request));
    } else {
        out += fmt::format("        -> {}  {} {}\n", rule.target, request.method, request.path);
    }
    append_content(out, request, rule.omitted);
}

void append_rule(std::string& out, const explained_rule& rule, const request_printer& print)
{
    const auto head = rule.result == verdict::matched ? std::string{"MATCHED"}
                      : rule.result == verdict::dropped
                          ? std::string{"DROPPED"}
                          : fmt::format("{}: {}", verdict_text(rule.result), rule.reason);
    out += fmt::format("  {}   {}   cost {}\n", rule.name, head, rule.cost);
    append_predicates(out, rule);
    append_request(out, rule, print);
}

void append_member(std::string& out, std::string_view name, std::string_view text)
{
    if (out.back() != '{') out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, text);
}

void append_request_json(std::string& out, const rendered_request& request)
{
    out += ",\"request\":{";
    append_member(out, "method", request.method);
    append_member(out, "path", request.path);
    out += ",\"headers\":{";
    for (const auto& [name, text] : request.headers) append_member(out, name, text);
    out += '}';
    append_member(out, "contentType", request.content_type);
    append_member(out, "body", request.body);
    if (request.key) append_member(out, "key", *request.key);
    if (!request.explanation.empty()) append_member(out, "explanation", request.explanation);
    out += '}';
}

/// What rules and steps have in common.
template <class Explained>
void append_parts_json(std::string& out, const Explained& rule)
{
    append_member(out, "result", verdict_text(rule.result));
    if (!rule.reason.empty()) append_member(out, "reason", rule.reason);
    append_member(out, "target", rule.target);
    out += fmt::format(",\"cost\":{},\"predicates\":[", rule.cost);
    for (std::size_t i = 0; i < rule.predicates.size(); ++i) {
        const auto& part = rule.predicates[i];
        out += i == 0 ? "{" : ",{";
        append_member(out, "result", truth_text(part.result));
        append_member(out, "expression", part.text);
        append_member(out, "seen", part.seen);
        out += fmt::format(",\"cost\":{}}}", part.cost);
    }
    out += ']';
    if (rule.request) append_request_json(out, *rule.request);
    if (rule.failure) {
        out += ",\"failure\":{";
        append_member(out, "path", rule.failure->path);
        append_member(out, "message", rule.failure->message);
        out += '}';
    }
    out += ",\"omitted\":[";
    for (std::size_t i = 0; i < rule.omitted.size(); ++i) {
        out += i == 0 ? "{" : ",{";
        append_member(out, "path", rule.omitted[i].path);
        append_member(out, "reason", rule.omitted[i].reason);
        out += fmt::format(",\"absent\":{}}}", rule.omitted[i].is_absent);
    }
    out += ']';
}

void append_step_json(std::string& out, const explained_step& step)
{
    out += '{';
    append_member(out, "step", step.name);
    append_parts_json(out, step);
    if (step.request) {
        out += fmt::format(",\"answer\":{{\"status\":{},\"assumed\":{}", step.answer.status,
                           step.is_assumed);
        append_member(out, "code", step_code(step.answer));
        append_member(out, "text", step.answer.text);
        out += '}';
    }
    out += '}';
}

void append_rule_json(std::string& out, const explained_rule& rule)
{
    out += '{';
    append_member(out, "rule", rule.name);
    append_parts_json(out, rule);
    if (rule.action == rule_action::steps) {
        if (!rule.explanation.empty()) append_member(out, "explanation", rule.explanation);
        out += ",\"steps\":[";
        for (std::size_t i = 0; i < rule.steps.size(); ++i) {
            if (i != 0) out += ',';
            append_step_json(out, rule.steps[i]);
        }
        out += ']';
    }
    out += '}';
}

}  // namespace

std::string to_text(const explanation& explained, const request_printer& print)
{
    auto out = fmt::format("event {}   type {}   dataset {}\n", explained.event_id,
                           explained.event_type, explained.dataset);
    if (!explained.problem.empty()) return out + explained.problem + "\n";
    for (const auto& set : explained.sets) {
        if (!set.not_considered.empty()) {
            out += fmt::format("{}   not considered: {}\n", set.name, set.not_considered);
            continue;
        }
        out += fmt::format("{}   mode {}   {}   cost {}\n", set.name,
                           set.mode == match_mode::first ? "first" : "all", place_text(set.where),
                           set.cost);
        for (const auto& rule : set.rules) append_rule(out, rule, print);
    }
    return out;
}

std::string to_json(const explanation& explained)
{
    std::string out = "{";
    append_member(out, "id", explained.event_id);
    append_member(out, "type", explained.event_type);
    append_member(out, "dataset", explained.dataset);
    if (!explained.problem.empty()) append_member(out, "problem", explained.problem);
    out += ",\"matched\":[";
    for (std::size_t i = 0; i < explained.matched.size(); ++i) {
        if (i != 0) out += ',';
        append_json_string(out, explained.matched[i]);
    }
    out += "],\"ruleSets\":[";
    for (std::size_t i = 0; i < explained.sets.size(); ++i) {
        const auto& set = explained.sets[i];
        out += i == 0 ? "{" : ",{";
        append_member(out, "name", set.name);
        append_member(out, "mode", set.mode == match_mode::first ? "first" : "all");
        append_member(out, "place", place_text(set.where));
        if (!set.not_considered.empty()) append_member(out, "notConsidered", set.not_considered);
        out += ",\"rules\":[";
        for (std::size_t r = 0; r < set.rules.size(); ++r) {
            if (r != 0) out += ',';
            append_rule_json(out, set.rules[r]);
        }
        out += "]}";
    }
    return out + "]}";
}

}  // namespace sluice::rules
