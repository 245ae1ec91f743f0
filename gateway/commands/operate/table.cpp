#include "gateway/commands/operate/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::gateway {

namespace {

bool is_number(const std::string& cell)
{
    return cell.find_first_not_of("0123456789,.%-") == std::string::npos;
}

/// Characters, not bytes, so that names in any language line up.
std::size_t width_of(const std::string& cell)
{
    return static_cast<std::size_t>(std::count_if(cell.begin(), cell.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

}  // namespace

std::string text_table::text() const
{
    const auto columns = rows_.front().size();
    std::vector<std::size_t> widths(columns, 0);
    std::vector<bool> to_right(columns, true);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        for (std::size_t c = 0; c < std::min(columns, rows_[r].size()); ++c) {
            widths[c] = std::max(widths[c], width_of(rows_[r][c]));
            if (r > 0 && !is_number(rows_[r][c])) to_right[c] = false;
        }
    }
    std::string out;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t c = 0; c < std::min(columns, row.size()); ++c) {
            const std::string room(widths[c] - width_of(row[c]), ' ');
            if (c > 0) line += "  ";
            line += to_right[c] ? room + row[c] : row[c] + room;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

std::string with_commas(std::uint64_t n)
{
    auto text = std::to_string(n);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), ",");
    }
    return text;
}

std::string human_bytes(std::uint64_t bytes)
{
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string human_span(std::uint64_t milliseconds)
{
    constexpr std::array<std::pair<std::uint64_t, const char*>, 4> units{
        {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};
    for (const auto& [length, name] : units) {
        if (milliseconds >= length && milliseconds % length == 0) {
            return fmt::format("{}{}", milliseconds / length, name);
        }
    }
    return fmt::format("{}ms", milliseconds);
}

}  // namespace sluice::gateway
