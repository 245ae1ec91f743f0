#pragma once
// The rules that stand behind each key of an index: long ones as bits, short ones as a list,
// whichever is quicker to add to a set. Filled while compiling, then immutable, any thread.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "rules/index/rule_bits.hpp"

namespace sluice::rules {

struct posting {
    std::uint32_t first = 0;  ///< into the store's list, or its words
    std::uint32_t count = 0;  ///< rules
    bool is_bits = false;
};

class posting_store {
public:
    explicit posting_store(std::size_t words) : words_(words) {}

    /// `rules` in any order; doubles count once.
    posting add(std::vector<std::uint32_t> rules)
    {
        std::ranges::sort(rules);
        rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
        posting made{.count = static_cast<std::uint32_t>(rules.size())};
        made.is_bits = rules.size() > words_ / 4 + 1;
        if (!made.is_bits) {
            made.first = static_cast<std::uint32_t>(list_.size());
            list_.insert(list_.end(), rules.begin(), rules.end());
            return made;
        }
        made.first = static_cast<std::uint32_t>(bits_.size());
        bits_.resize(bits_.size() + words_);
        for (const auto rule : rules) set_bit(rule_bits{bits_}.subspan(made.first), rule);
        return made;
    }

    void add_to(rule_bits into, const posting& from) const
    {
        if (from.is_bits) {
            add_bits(into, const_rule_bits{bits_}.subspan(from.first, words_));
            return;
        }
        for (const auto rule : list(from)) set_bit(into, rule);
    }

    /// Whether any of its rules is in `bits`.
    [[nodiscard]] bool meets(const_rule_bits bits, const posting& what) const
    {
        if (what.is_bits) {
            for (std::size_t i = 0; i < words_; ++i) {
                if ((bits[i] & bits_[what.first + i]) != 0) return true;
            }
            return false;
        }
        for (const auto rule : list(what)) {
            if (has_bit(bits, rule)) return true;
        }
        return false;
    }

    [[nodiscard]] std::size_t words() const noexcept { return words_; }

private:
    [[nodiscard]] std::span<const std::uint32_t> list(const posting& what) const
    {
        return std::span{list_}.subspan(what.first, what.count);
    }

    std::size_t words_;
    std::vector<std::uint32_t> list_;
    std::vector<std::uint64_t> bits_;
};

}  // namespace sluice::rules
