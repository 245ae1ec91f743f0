#pragma once
// Finds the rules whose bound on a path holds: bounds of one direction, sorted so that those that
// hold come first; unions of the first n are kept at intervals. Filled while compiling, then
// immutable, any thread.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "rules/index/posting_store.hpp"

namespace sluice::rules {

/// `Bound` is double or string_view. A `lower` list holds `path > c` and `path >= c`, an upper one
/// `path < c` and `path <= c`.
template <class Bound>
class bound_list {
public:
    struct bound_rules {
        Bound bound;
        bool is_strict = false;  ///< > or <
        std::vector<std::uint32_t> rules;
    };

    bound_list() = default;
    bound_list(std::vector<bound_rules> bounds, bool is_lower, posting_store& store)
        : is_lower_(is_lower)
    {
        std::ranges::sort(bounds, [&](const auto& a, const auto& b) {
            if (a.bound != b.bound) return is_lower ? a.bound < b.bound : b.bound < a.bound;
            return a.is_strict < b.is_strict;
        });
        interval_ = std::max<std::size_t>(32, bounds.size() / 64);
        std::vector<std::uint32_t> so_far;
        for (auto& made : bounds) {
            if (!entries_.empty() && entries_.size() % interval_ == 0) {
                unions_.push_back(store.add(so_far));
            }
            so_far.insert(so_far.end(), made.rules.begin(), made.rules.end());
            entries_.push_back({made.bound, made.is_strict, store.add(std::move(made.rules))});
        }
    }

    void add_holding(const Bound& value, const posting_store& store, rule_bits into) const
    {
        const auto holds = [&](const entry& e) {
            if (e.bound == value) return !e.is_strict;
            return is_lower_ ? e.bound < value : value < e.bound;
        };
        const auto end = std::ranges::partition_point(entries_, holds);
        const auto count = static_cast<std::size_t>(end - entries_.begin());
        const auto whole = count / interval_;
        std::size_t from = 0;
        if (whole > 0 && !unions_.empty()) {
            const auto last = std::min(whole, unions_.size());
            store.add_to(into, unions_[last - 1]);
            from = last * interval_;
        }
        for (; from < count; ++from) store.add_to(into, entries_[from].rules);
    }

private:
    struct entry {
        Bound bound;
        bool is_strict;
        posting rules;
    };

    bool is_lower_ = true;
    std::size_t interval_ = 32;
    std::vector<entry> entries_;
    std::vector<posting> unions_;  ///< of the first interval_, 2 * interval_, … entries
};

}  // namespace sluice::rules
