#pragma once
// Tables for people: columns as wide as their widest cell, numbers to the right. Values only.

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::gateway {

class text_table {
public:
    explicit text_table(std::vector<std::string> titles) { rows_.push_back(std::move(titles)); }

    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    [[nodiscard]] bool is_empty() const noexcept { return rows_.size() == 1; }
    /// Lines with line ends. A column whose cells are all numbers stands to the right.
    [[nodiscard]] std::string text() const;

private:
    std::vector<std::vector<std::string>> rows_;
};

/// `1,234,567`
[[nodiscard]] std::string with_commas(std::uint64_t n);
/// `1.2 MiB`
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// `7d`, `90s`: the largest unit that gives a whole number.
[[nodiscard]] std::string human_span(std::uint64_t milliseconds);

}  // namespace sluice::gateway
