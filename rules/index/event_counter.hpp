#pragma once
// Counts, per rule, the events whose set held the rule. A set of thousands of rules is added in
// one go: the counters' binary digits lie in words across rules. One thread.

#include <array>
#include <cstdint>
#include <vector>

#include "rules/index/rule_bits.hpp"

namespace sluice::rules {

class event_counter {
public:
    explicit event_counter(std::size_t words) : digits_(words), totals_(words * 64) {}

    void add(const_rule_bits bits)
    {
        if (++events_ == events_max) carry_over();
        for (std::size_t i = 0; i < bits.size(); ++i) {
            auto carry = bits[i];
            for (auto& digit : digits_[i]) {
                if (carry == 0) break;
                const auto next = digit & carry;
                digit ^= carry;
                carry = next;
            }
        }
    }

    [[nodiscard]] std::uint64_t of(std::uint32_t rule) const
    {
        return totals_[rule] + in_digits(rule);
    }

private:
    static constexpr std::size_t digit_count = 16;
    static constexpr std::uint32_t events_max = 1U << digit_count;

    [[nodiscard]] std::uint64_t in_digits(std::uint32_t rule) const
    {
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < digit_count; ++i) {
            count |= (digits_[rule >> 6U][i] >> (rule & 63U) & 1U) << i;
        }
        return count;
    }

    /// Before any counter can run over.
    void carry_over()
    {
        for (std::uint32_t rule = 0; rule < totals_.size(); ++rule) {
            totals_[rule] += in_digits(rule);
        }
        for (auto& digits : digits_) digits.fill(0);
        events_ = 1;
    }

    std::vector<std::array<std::uint64_t, digit_count>> digits_;  ///< per word of 64 rules
    std::vector<std::uint64_t> totals_;
    std::uint32_t events_ = 0;
};

}  // namespace sluice::rules
