#pragma once
// Finds the rules that ask for `path == constant` (or `in` a list of constants): one open hash
// table per path over texts, numbers, booleans and null, with the language's own equality (1, 1u
// and 1.0 are equal). Filled while compiling, then immutable, any thread.

#include <vector>

#include "rules/expression/compare.hpp"
#include "rules/index/posting_store.hpp"

namespace sluice::rules {

class value_table {
public:
    /// What can be a key.
    [[nodiscard]] static bool takes(const expression::value& constant)
    {
        return constant.is(expression::value_kind::string) || constant.is_number() ||
               constant.is(expression::value_kind::boolean) || constant.is_null();
    }

    struct key_rules {
        expression::value key;
        std::vector<std::uint32_t> rules;
    };
    value_table(std::vector<key_rules> keys, posting_store& store)
    {
        entries_.resize(std::bit_ceil(keys.size() * 2 + 1));
        for (auto& [key, rules] : keys) {
            const auto hash = expression::hash_of(key);
            auto at = home(hash);
            while (entries_[at].is_used) at = next(at);
            entries_[at] = {hash, key, store.add(std::move(rules)), true};
        }
    }

    /// Equality is not transitive for integers beyond 2^53 meeting doubles, so several keys may
    /// hold.
    template <class Found>
    void find(const expression::value& wanted, Found found) const
    {
        const auto hash = expression::hash_of(wanted);
        for (auto at = home(hash); entries_[at].is_used; at = next(at)) {
            const auto& filed = entries_[at];
            if (filed.hash == hash && expression::equal(wanted, filed.key)) found(filed.rules);
        }
    }

private:
    struct slot {
        std::size_t hash = 0;
        expression::value key;
        posting rules;
        bool is_used = false;
    };

    [[nodiscard]] std::size_t home(std::size_t hash) const
    {
        // std::hash<double> of small whole numbers differs in the upper bits only
        return ((hash ^ (hash >> 32U)) * 0x9e37'79b9'7f4a'7c15U >> 20U) & (entries_.size() - 1);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const
    {
        return (at + 1) & (entries_.size() - 1);
    }

    std::vector<slot> entries_;
};

}  // namespace sluice::rules
