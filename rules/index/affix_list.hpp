#pragma once
// Finds the rules that ask for a beginning (or an end) of a text: the wanted texts sorted, each
// linked to the longest other one that begins it. One binary search finds the longest that can
// fit; all that fit lie on its chain. Filled while compiling, then immutable, any thread.

#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/index/posting_store.hpp"

namespace sluice::rules {

class affix_list {
public:
    struct affix_rules {
        std::string_view affix;  ///< outlives the list
        std::vector<std::uint32_t> rules;
    };

    affix_list() = default;
    affix_list(std::vector<affix_rules> affixes, bool is_suffix, posting_store& store);

    void add_holding(std::string_view text, const posting_store& store, rule_bits into) const;

private:
    static constexpr std::uint32_t none = 0xffff'ffff;
    struct entry {
        std::string_view affix;
        std::uint32_t inside = none;  ///< the longest entry that is an affix of this one
        posting rules;
    };

    [[nodiscard]] bool is_before(std::string_view a, std::string_view b) const;
    [[nodiscard]] bool fits(std::string_view affix, std::string_view text) const
    {
        return is_suffix_ ? text.ends_with(affix) : text.starts_with(affix);
    }

    bool is_suffix_ = false;
    std::vector<entry> entries_;
};

}  // namespace sluice::rules
