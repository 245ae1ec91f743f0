#include "rules/candidate_index.hpp"

#include <map>

namespace sluice::rules {
namespace {

using expression::simple_predicate;
using expression::value;
using expression::value_kind;

bool can_file(const predicate& p)
{
    if (p.how != predicate::test::equal_text && p.how != predicate::test::in_texts) return false;
    return !p.simple->fallback || p.simple->fallback->is(value_kind::string);
}

std::vector<std::string_view> keys_of(const predicate& p)
{
    if (p.how == predicate::test::equal_text) return {p.simple->constant.text()};
    return {p.texts.begin(), p.texts.end()};
}

/// Predicates that must hold for the condition to hold.
std::vector<predicate_id> necessary(const condition_table& conditions, condition_id id)
{
    const auto& part = conditions.at(id);
    if (part.what == condition_table::kind::predicate) return {part.predicate};
    std::vector<predicate_id> found;
    if (part.what != condition_table::kind::all) return found;
    for (const auto child : conditions.children(part)) {
        const auto inside = necessary(conditions, child);
        found.insert(found.end(), inside.begin(), inside.end());
    }
    return found;
}

}  // namespace

candidate_index::candidate_index(const condition_table& conditions,
                                 std::span<const filed_rule> rules)
{
    // How many rules would share a key: the rarest key is the most selective one.
    std::map<std::pair<expression::slot_index, std::string_view>, std::uint32_t> uses;
    const auto& table = conditions.predicates();
    const auto crowd = [&](const predicate& p) {
        std::uint32_t total = 0;
        for (const auto key : keys_of(p)) total += uses[{p.simple->slot, key}];
        return total;
    };
    for (const auto& rule : rules) {
        for (const auto id : necessary(conditions, rule.condition)) {
            if (!can_file(table.at(id))) continue;
            for (const auto key : keys_of(table.at(id))) ++uses[{table.at(id).simple->slot, key}];
        }
    }
    for (const auto& rule : rules) {
        const predicate* best = nullptr;
        for (const auto id : necessary(conditions, rule.condition)) {
            const auto& candidate = table.at(id);
            if (can_file(candidate) && (best == nullptr || crowd(candidate) < crowd(*best))) {
                best = &candidate;
            }
        }
        if (best == nullptr) {
            rest_.push_back(rule.rule);
            continue;
        }
        auto& home = group_of(*best->simple);
        for (const auto key : keys_of(*best)) home.rules[key].push_back(rule.rule);
        home.members.push_back(rule.rule);
    }
}

candidate_index::filed_group& candidate_index::group_of(const simple_predicate& simple)
{
    for (auto& known : groups_) {
        if (known.slot != simple.slot || known.fallback.has_value() != simple.fallback.has_value())
            continue;
        if (!known.fallback || known.fallback->text() == simple.fallback->text()) return known;
    }
    groups_.push_back({.slot = simple.slot, .fallback = simple.fallback});
    return groups_.back();
}

}  // namespace sluice::rules
