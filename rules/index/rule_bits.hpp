#pragma once
// Sets of rules as bits, one per position in an index, in spans of words that somebody else owns.
// Pure functions, any thread. Lengths are whole groups of four words, so that the compiler makes
// vector instructions of the loops.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::rules {

using rule_bits = std::span<std::uint64_t>;
using const_rule_bits = std::span<const std::uint64_t>;

[[nodiscard]] constexpr std::size_t words_for(std::size_t rules)
{
    return (rules + 255) / 256 * 4;
}

inline void set_bit(rule_bits bits, std::uint32_t at)
{
    bits[at >> 6U] |= std::uint64_t{1} << (at & 63U);
}

[[nodiscard]] inline bool has_bit(const_rule_bits bits, std::uint32_t at)
{
    return (bits[at >> 6U] >> (at & 63U) & 1U) != 0;
}

/// Calls `use(word index, mask)` for the words that [first, last) touches.
template <class Use>
void for_words(std::uint32_t first, std::uint32_t last, Use use)
{
    if (first >= last) return;
    const auto last_word = (last - 1) >> 6U;
    for (auto word = first >> 6U; word <= last_word; ++word) {
        auto mask = ~std::uint64_t{0};
        if (word == first >> 6U) mask &= ~std::uint64_t{0} << (first & 63U);
        if (word == last_word) mask &= ~std::uint64_t{0} >> (63U - ((last - 1) & 63U));
        use(word, mask);
    }
}

inline void set_range(rule_bits bits, std::uint32_t first, std::uint32_t last)
{
    for_words(first, last, [&](std::size_t word, std::uint64_t mask) { bits[word] |= mask; });
}

inline void clear_range(rule_bits bits, std::uint32_t first, std::uint32_t last)
{
    for_words(first, last, [&](std::size_t word, std::uint64_t mask) { bits[word] &= ~mask; });
}

inline void add_bits(rule_bits into, const_rule_bits from)
{
    for (std::size_t i = 0; i < into.size(); i += 4) {
        for (std::size_t j = 0; j < 4; ++j) into[i + j] |= from[i + j];
    }
}

[[nodiscard]] inline std::size_t count_bits(const_rule_bits bits)
{
    std::size_t total = 0;
    for (const auto word : bits) total += static_cast<std::size_t>(std::popcount(word));
    return total;
}

}  // namespace sluice::rules
