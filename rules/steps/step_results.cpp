#include "rules/steps/step_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "rules/definition/literal.hpp"
#include "rules/event_arena.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules {
namespace {

/// A receiver may answer any bytes: what is not ASCII in broken UTF-8 is replaced, one for one.
std::string readable(std::string_view text)
{
    std::string out{text};
    if (expression::is_valid_utf8(text)) return out;
    for (char& c : out) {
        if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
    return out;
}

void append_member(std::string& out, std::string_view name, std::string_view text)
{
    append_json_string(out, name);
    out += ':';
    append_json_string(out, text);
}

}  // namespace

std::string step_code(const step_answer& answer)
{
    if (answer.status != 0) return fmt::format("http_{}", answer.status);
    return answer.reason == "timeout" ? "timedout" : "internalError";
}

void step_results::add(const std::string& step, const step_answer& answer)
{
    const bool is_ok = answer.status >= 200 && answer.status < 300;
    const auto text = readable(answer.text);
    auto made = fmt::format(R"({{"status":{},"ok":{},)", answer.status, is_ok);
    append_member(made, "code", step_code(answer));
    made += R"(,"headers":{)";
    std::map<std::string, std::string> headers;  // repeated ones become a list in one text
    for (const auto& [name, value] : answer.headers) {
        auto& all = headers[readable(name)];
        all += (all.empty() ? "" : ", ") + readable(value);
    }
    for (const auto& [name, value] : headers) {
        if (made.back() != '{') made += ',';
        append_member(made, name, value);
    }
    made += "},";
    append_member(made, "text", text);
    event_arena arena;
    if (!answer.text.empty() && text == answer.text && expression::read_json(text, arena)) {
        made += ",\"body\":" + text;
    }
    made += fmt::format(R"(,"attempts":{},"elapsed":{}}})", answer.attempts,
                        answer.elapsed.count());
    restore(step, std::move(made));
}

void step_results::restore(std::string step, std::string result_json)
{
    std::erase_if(entries_, [&](const auto& entry) { return entry.first == step; });
    entries_.emplace_back(std::move(step), std::move(result_json));
}

bool step_results::has(std::string_view step) const
{
    return std::ranges::any_of(entries_, [&](const auto& entry) { return entry.first == step; });
}

std::string step_results::to_json() const
{
    std::string out = "{";
    for (const auto& [step, result] : entries_) {
        if (out.size() > 1) out += ',';
        append_json_string(out, step);
        out += ':' + result;
    }
    return out + '}';
}

}  // namespace sluice::rules
