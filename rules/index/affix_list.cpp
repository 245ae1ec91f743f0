#include "rules/index/affix_list.hpp"

#include <algorithm>

namespace sluice::rules {

affix_list::affix_list(std::vector<affix_rules> affixes, bool is_suffix, posting_store& store)
    : is_suffix_(is_suffix)
{
    std::ranges::sort(affixes,
                      [&](const auto& a, const auto& b) { return is_before(a.affix, b.affix); });
    for (auto& made : affixes) {
        auto inside = entries_.empty() ? none : static_cast<std::uint32_t>(entries_.size() - 1);
        while (inside != none && !fits(entries_[inside].affix, made.affix)) {
            inside = entries_[inside].inside;
        }
        entries_.push_back({made.affix, inside, store.add(std::move(made.rules))});
    }
}

void affix_list::add_holding(std::string_view text, const posting_store& store,
                             rule_bits into) const
{
    const auto behind = std::ranges::partition_point(
        entries_, [&](const entry& e) { return !is_before(text, e.affix); });
    if (behind == entries_.begin()) return;
    auto at = static_cast<std::uint32_t>(behind - entries_.begin() - 1);
    for (; at != none; at = entries_[at].inside) {
        if (fits(entries_[at].affix, text)) store.add_to(into, entries_[at].rules);
    }
}

bool affix_list::is_before(std::string_view a, std::string_view b) const
{
    if (!is_suffix_) return a < b;
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

}  // namespace sluice::rules
