#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

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

// The columns of the text: costs end the lines of sets and rules, values stand beside predicates.
constexpr std::size_t text_column = 20, value_column = 76, cost_column = 92;
constexpr std::size_t body_bytes = value_column - text_column - 2;
constexpr std::size_t field_lines_max = 100;

/// Code points, near enough to columns.
std::size_t width_of(std::string_view text)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// The line filled up to the column, with two blanks at least, and `text` behind it.
std::string with_column(std::string line, std::size_t column, std::string_view text)
{
    if (text.empty()) return line;
    const auto width = width_of(line);
    line.append(width + 2 <= column ? column - width : 2, ' ');
    return line += text;
}

/// `{"a":1,"b":2, … }`: as many whole members as fit.
std::string shortened_body(std::string_view body)
{
    if (body.size() <= body_bytes) return std::string{body};
    constexpr std::string_view tail = ", … }";
    std::size_t cut = 0;
    int depth = 0;
    bool is_text = false;
    for (std::size_t i = 0; i < body.size() && i + tail.size() - 2 <= body_bytes; ++i) {
        if (body[i] == '\\') {
            ++i;
        } else if (body[i] == '"') {
            is_text = !is_text;
        } else if (!is_text && (body[i] == '{' || body[i] == '[')) {
            ++depth;
        } else if (!is_text && (body[i] == '}' || body[i] == ']')) {
            --depth;
        } else if (!is_text && body[i] == ',' && depth == 1) {
            cut = i;
        }
    }
    if (cut != 0 && body.front() == '{')
        return std::string{body.substr(0, cut)} + std::string{tail};
    cut = body_bytes - 2;
    while (cut > 0 && (static_cast<unsigned char>(body[cut]) & 0xC0U) == 0x80U) --cut;
    return std::string{body.substr(0, cut)} + " …";
}

/// What stands beside request and body: credentials, headers, members left out and why.
std::vector<std::string> notes_of(const rendered_request& request,
                                  const std::vector<omitted_member>& omitted,
                                  const printed_request& printed)
{
    auto notes = printed.secrets;
    for (const auto& [name, text] : request.headers) notes.push_back(name + ": " + text);
    if (!request.explanation.empty()) notes.push_back("because: " + request.explanation);
    for (const auto& member : omitted) {
        auto reason = member.reason;
        if (member.is_absent && reason.ends_with(" is absent")) {
            reason = "absent: " + reason.substr(0, reason.size() - 10);
        }
        notes.push_back(fmt::format("{}: {} ({})", member.is_nulled ? "nulled" : "omitted",
                                    member.path, reason));
    }
    return notes;
}

void append_fields(std::string& out, const explained_rule& rule)
{
    std::size_t width = 0, lines = 0;
    for (const auto& field : rule.fields) width = std::max(width, width_of(field.path));
    width = std::min<std::size_t>(width, 30);
    for (const auto& field : rule.fields) {
        if (++lines > field_lines_max) {
            out += fmt::format("{:{}}… {} more (--json shows all)\n", "", text_column,
                               rule.fields.size() - field_lines_max);
            return;
        }
        out += with_column(fmt::format("{:{}}{}", "", text_column, field.path),
                           text_column + width + 2, field.value) +
               "\n";
    }
}

/// The request and its body on the left, what is to be said of them on the right.
void append_content(std::string& out, std::string first_line, const rendered_request& request,
                    const std::vector<std::string>& notes)
{
    std::vector<std::string> left{std::move(first_line)};
    if (!request.body.empty()) {
        left.push_back(std::string(text_column, ' ') + shortened_body(request.body));
    }
    for (std::size_t i = 0; i < std::max(left.size(), notes.size()); ++i) {
        out += with_column(i < left.size() ? left[i] : std::string{}, value_column,
                           i < notes.size() ? notes[i] : std::string{}) +
               "\n";
    }
}

void append_predicates(std::string& out, const explained_condition& of)
{
    for (const auto& part : of.predicates) {
        const auto answer = part.result == truth::absent ? truth::error : part.result;
        out += with_column(
                   fmt::format("        {:<7} {:<3} {}", truth_text(answer), part.cost, part.text),
                   value_column, part.seen) +
               "\n";
    }
}

std::string request_line(std::string_view target, std::string_view text)
{
    return with_column(fmt::format("        -> {}", target), text_column, text);
}

printed_request printed_by(const request_printer& print, const std::string& target,
                           const rendered_request& request)
{
    if (print) return print(target, request);
    return {.line = request.method + " " + request.path, .secrets = {}};
}

void append_step(std::string& out, std::size_t number, const explained_step& step,
                 const request_printer& print)
{
    out += fmt::format("    {}. {}   {}{}{}\n", number, step.name, verdict_text(step.result),
                       step.reason.empty() ? "" : ": ", step.reason);
    append_predicates(out, step);
    if (!step.request) return;
    const auto printed = printed_by(print, step.target, *step.request);
    append_content(out, request_line(step.target, printed.line), *step.request,
                   notes_of(*step.request, step.omitted, printed));
    out += with_column(fmt::format("        <- {}{}", step_code(step.answer),
                                   step.is_assumed ? " (assumed)" : ""),
                       text_column, shortened_body(step.answer.text)) +
           "\n";
}

void append_steps(std::string& out, const explained_rule& rule, const request_printer& print)
{
    if (!rule.explanation.empty()) out += fmt::format("        because: {}\n", rule.explanation);
    for (std::size_t i = 0; i < rule.steps.size(); ++i) {
        append_step(out, i + 1, rule.steps[i], print);
    }
}

void append_request(std::string& out, const explained_rule& rule, const request_printer& print,
                    bool lists_fields)
{
    if (rule.action == rule_action::steps) {
        append_steps(out, rule, print);
        return;
    }
    const auto& line = request_line;
    if (rule.action == rule_action::drop) {
        if (rule.result == verdict::dropped) out += line("dropped", rule.target) + "\n";
        return;
    }
    if (rule.failure) {
        out += line(rule.target,
                    fmt::format("no request: {}: {}", rule.failure->path, rule.failure->message)) +
               "\n";
        return;
    }
    if (!rule.request) return;
    const auto& request = *rule.request;
    printed_request printed;
    if (rule.action == rule_action::dataset) {
        printed.line = "into the dataset " + rule.target;
    } else if (print) {
        printed = print(rule.target, request);
    } else {
        printed.line = request.method + " " + request.path;
    }
    append_content(out, line(rule.target, printed.line), request,
                   notes_of(request, rule.omitted, printed));
    const bool is_short = request.body.size() <= body_bytes && rule.fields.size() <= 1;
    if (lists_fields && !is_short) append_fields(out, rule);
}

void append_rule(std::string& out, const explained_rule& rule, std::size_t name_width,
                 const request_printer& print, bool lists_fields)
{
    auto head = fmt::format("  {:{}}   ", rule.name, name_width);
    if (rule.result == verdict::matched) {
        head += "MATCHED";
    } else if (rule.result == verdict::dropped) {
        head += "DROPPED";
    } else if (rule.result == verdict::entered) {
        head += "its rules are asked";
    } else {
        head += fmt::format("{}: {}", verdict_text(rule.result), rule.reason);
    }
    out += with_column(std::move(head), cost_column, fmt::format("cost {}", rule.cost)) + "\n";
    append_predicates(out, rule);
    append_request(out, rule, print, lists_fields);
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

void append_values_json(std::string& out, const std::vector<seen_value>& values)
{
    out += ",\"values\":[";
    for (const auto& seen : values) {
        if (out.back() != '[') out += ',';
        out += '{';
        append_member(out, "name", seen.name);
        if (seen.json.empty()) {
            append_member(out, "problem", seen.text.empty() ? seen.problem : seen.text);
        } else {
            out += ",\"value\":" + seen.json;
        }
        out += '}';
    }
    out += ']';
}

void append_fields_json(std::string& out, const std::vector<body_field>& fields)
{
    out += ",\"fields\":[";
    for (const auto& field : fields) {
        if (out.back() != '[') out += ',';
        out += '{';
        append_member(out, "path", field.path);
        out += ",\"value\":" + field.value + '}';
    }
    out += ']';
}

std::string_view action_text(rule_action action)
{
    switch (action) {
        case rule_action::send:
            return "send";
        case rule_action::dataset:
            return "dataset";
        case rule_action::drop:
            return "drop";
        case rule_action::steps:
            return "steps";
    }
    return "";
}

/// What rules and steps have in common.
template <class Explained>
void append_parts_json(std::string& out, const Explained& rule)
{
    append_member(out, "result", verdict_text(rule.result));
    if (!rule.reason.empty()) append_member(out, "reason", rule.reason);
    if constexpr (std::is_same_v<Explained, explained_rule>) {
        if (rule.result != verdict::entered) {
            append_member(out, "action", action_text(rule.action));
            append_member(out, "target", rule.target);
        }
    } else {
        append_member(out, "target", rule.target);
    }
    out += fmt::format(",\"cost\":{},\"predicates\":[", rule.cost);
    for (std::size_t i = 0; i < rule.predicates.size(); ++i) {
        const auto& part = rule.predicates[i];
        out += i == 0 ? "{" : ",{";
        append_member(out, "result", truth_text(part.result));
        append_member(out, "expression", part.text);
        append_member(out, "seen", part.seen);
        if (!part.cause.empty()) append_member(out, "cause", part.cause);
        append_values_json(out, part.values);
        out += fmt::format(",\"cost\":{}}}", part.cost);
    }
    out += ']';
    if (rule.request) {
        append_request_json(out, *rule.request);
        if constexpr (std::is_same_v<Explained, explained_rule>) {
            append_fields_json(out, rule.fields);
        }
    }
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
        out += fmt::format(",\"absent\":{},\"nulled\":{}}}", rule.omitted[i].is_absent,
                           rule.omitted[i].is_nulled);
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

std::string to_text(const explanation& explained, const request_printer& print, bool lists_fields)
{
    auto out = fmt::format("event {}   type {}   dataset {}\n", explained.event_id,
                           explained.event_type, explained.dataset);
    if (!explained.problem.empty()) return out + explained.problem + "\n";
    std::size_t set_width = 0;
    for (const auto& set : explained.sets) set_width = std::max(set_width, width_of(set.name));
    for (const auto& set : explained.sets) {
        if (!set.not_considered.empty()) continue;
        auto head =
            fmt::format("{:{}}   mode {}   {}", set.name, set_width,
                        set.mode == match_mode::first ? "first" : "all", place_text(set.where));
        out += with_column(std::move(head), cost_column, fmt::format("cost {}", set.cost)) + "\n";
        std::size_t rule_width = 0;
        for (const auto& rule : set.rules) {
            if (width_of(rule.name) <= 24) rule_width = std::max(rule_width, width_of(rule.name));
        }
        for (const auto& rule : set.rules) append_rule(out, rule, rule_width, print, lists_fields);
    }
    for (const auto& set : explained.sets) {
        if (set.not_considered.empty()) continue;
        out += fmt::format("{:{}}   not considered: {}\n", set.name, set_width, set.not_considered);
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
        out += fmt::format(",\"cost\":{}", set.cost);
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
