#include "gateway/lanes/rule_error_log.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "rules/explain.hpp"

namespace sluice::gateway {

namespace {

using verdict = rules::explained_rule::verdict;

/// The predicate that failed, and why; never the values.
std::string words_of(const rules::explained_rule& rule)
{
    for (const auto& part : rule.predicates) {
        if (part.result == rules::truth::error) return part.cause + " in " + part.text;
    }
    return rule.reason;
}

}  // namespace

rule_error_log::rule_error_log(writer write) : write_(std::move(write))
{
    if (!write_) write_ = [](const std::string& line) { spdlog::warn(line); };
}

bool rule_error_log::wants_more(time_point now)
{
    const std::lock_guard lock(mutex_);
    if (minute_ == time_point{} || now - minute_ >= std::chrono::minutes{1}) {
        minute_ = now;
        written_.clear();
        in_vain_ = 0;
    }
    return in_vain_ < samples_max;
}

void rule_error_log::note(const rules::rule_catalog& catalog, const rules::event_input& event,
                          time_point now)
{
    if (!wants_more(now)) return;
    const auto explained = rules::explain_event(catalog, event);
    const std::lock_guard lock(mutex_);
    bool has_line = false;
    for (const auto& set : explained.sets) {
        for (const auto& rule : set.rules) {
            if (rule.result != verdict::error) continue;
            const auto name = set.name + "/" + rule.name;
            if (++written_[name] > samples_max) continue;
            has_line = true;
            write_(fmt::format(
                "rule {}: its condition is in error for event {}, so it does not "
                "match: {}{}",
                name, event.id, words_of(rule),
                written_[name] == samples_max ? "; further ones of this minute are only counted"
                                              : ""));
        }
    }
    if (!has_line) ++in_vain_;
}

}  // namespace sluice::gateway
