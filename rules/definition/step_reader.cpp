#include "rules/definition/step_reader.hpp"

#include <charconv>
#include <set>

#include "config/schema/units.hpp"
#include "rules/definition/condition_reader.hpp"
#include "rules/definition/request_reader.hpp"

namespace sluice::rules {
namespace {

constexpr std::uint64_t response_bytes_limit = 1024 * 1024;

std::optional<int> parse_status(std::string_view text)
{
    int status = 0;
    const auto* end = text.data() + text.size();
    if (text.size() != 3 || std::from_chars(text.data(), end, status).ptr != end) return {};
    if (status < 100 || status > 599) return {};
    return status;
}

void read_accept(const config::node& step, step_source& out, diagnostics& problems)
{
    if (step.find("accept") == nullptr) return;
    out.accept.clear();
    for (const auto& item : read_names(step, "accept", problems)) {
        if (const auto range = parse_status_range(item.name)) {
            out.accept.push_back(*range);
        } else {
            problems.error(item.where, "'" + item.name + "' is no status to accept",
                           "write a class such as 2xx, a status such as 404 or a range such as "
                           "200-204");
        }
    }
}

void read_limits(const config::node& step, step_source& out, diagnostics& problems)
{
    if (const auto timeout = read_text(step, "timeout", problems)) {
        out.timeout = config::parse_duration(timeout->text);
        if (!out.timeout || out.timeout->count() < 1) {
            problems.error(timeout->where, "'" + timeout->text + "' is no `timeout`",
                           "write a time with its unit, such as 2s or 500ms");
            out.timeout.reset();
        }
    }
    if (const auto kept = read_text(step, "max_response", problems)) {
        const auto bytes = config::parse_bytes(kept->text);
        if (bytes && *bytes >= 1 && *bytes <= response_bytes_limit) {
            out.response_bytes_max = *bytes;
        } else {
            problems.error(kept->where, "`max_response` must be a size from 1 to 1MiB",
                           "write for example 64KiB");
        }
    }
}

step_source read_step(const config::node& step, diagnostics& problems)
{
    step_source out;
    refuse_unknown_keys(step,
                        {"name", "when", "to", "request", "accept", "timeout", "max_response",
                         "on_failure"},
                        "a step", problems);
    if (const auto name = read_text(step, "name", problems)) {
        out.name = {name->text, name->where};
        if (!is_rule_name(name->text)) {
            problems.error(name->where, "'" + name->text + "' is no name for a step",
                           "use letters, digits, _ and -");
        }
    } else {
        out.name.where = step.where;
        problems.error(step.where, "a step needs a `name`",
                       "later steps read its result by it, as in `steps.find.body.id`");
    }
    if (const auto* when = step.find("when")) out.when = read_condition(*when, problems);
    if (const auto target = read_text(step, "to", problems)) {
        out.target = {target->text, target->where};
    } else {
        out.target.where = step.where;
        problems.error(step.where, "step '" + out.name.name + "' has no `to`",
                       "name the destination that it sends to");
    }
    if (const auto* request = step.find("request")) {
        out.request = read_request(*request, problems);
        if (const auto* key = request->find_key("key")) {
            problems.error(key->where, "`key` has no meaning in a step",
                           "remove it; all steps of an event run under the record's own key");
        }
    }
    read_accept(step, out, problems);
    read_limits(step, out, problems);
    out.continues = read_choice<bool>(step, "on_failure", {{"stop", false}, {"continue", true}},
                                      problems)
                        .value_or(false);
    return out;
}

}  // namespace

std::optional<status_range> parse_status_range(std::string_view text)
{
    if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '5') {
        const int hundred = (text[0] - '0') * 100;
        return status_range{hundred, hundred + 99};
    }
    const auto dash = text.find('-');
    const auto first = parse_status(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_status(text.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return status_range{*first, *last};
}

std::vector<step_source> read_steps(const config::node& steps, const std::string& rule,
                                    diagnostics& problems)
{
    std::vector<step_source> out;
    if (!expect_list(steps, "`steps`", problems)) return out;
    if (steps.items.empty()) {
        problems.error(steps.where, "rule '" + rule + "' has no steps",
                       "add a list of requests, each with `name`, `to` and `request`");
    }
    std::set<std::string> names;
    for (const auto& item : steps.items) {
        if (!expect_map(item, "a step", problems)) continue;
        out.push_back(read_step(item, problems));
        const auto& name = out.back().name;
        if (!name.name.empty() && !names.insert(name.name).second) {
            problems.error(name.where, "step '" + name.name + "' stands twice in rule '" + rule +
                                           "'",
                           "names say whose result `steps.NAME` is, so they must be unique");
        }
    }
    return out;
}

}  // namespace sluice::rules
