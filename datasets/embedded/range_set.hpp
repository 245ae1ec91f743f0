#pragma once
// Disjoint ranges of offsets: what damage has taken from a partition, each record counted once.

#include <cstdint>
#include <iterator>
#include <map>

namespace sluice::datasets::embedded {

class range_set {
public:
    /// Adds [begin, end); returns how many of them were not in the set before.
    std::uint64_t add(std::uint64_t begin, std::uint64_t end)
    {
        if (begin >= end) return 0;
        auto it = ranges_.upper_bound(begin);
        if (it != ranges_.begin() && std::prev(it)->second >= begin) --it;
        std::uint64_t known = 0;
        const auto asked = end - begin;
        const auto asked_begin = begin;
        const auto asked_end = end;
        while (it != ranges_.end() && it->first <= end) {
            auto from = std::max(it->first, asked_begin);
            auto to = std::min(it->second, asked_end);
            if (to > from) known += to - from;
            begin = std::min(begin, it->first);
            end = std::max(end, it->second);
            it = ranges_.erase(it);
        }
        ranges_.emplace(begin, end);
        total_ += asked - known;
        return asked - known;
    }

    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
    [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& ranges() const noexcept
    {
        return ranges_;
    }

private:
    std::map<std::uint64_t, std::uint64_t> ranges_;  // begin -> end
    std::uint64_t total_ = 0;
};

}  // namespace sluice::datasets::embedded
