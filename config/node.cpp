#include "config/node.hpp"

#include <algorithm>

namespace sluice::config {

const node* node::find(std::string_view key) const noexcept
{
    for (const auto& [name, value] : members) {
        if (name.text == key) return &value;
    }
    return nullptr;
}

const node* node::find_key(std::string_view key) const noexcept
{
    for (const auto& member : members) {
        if (member.first.text == key) return &member.first;
    }
    return nullptr;
}

source_location node::locate(std::size_t offset) const
{
    source_location place = text_where;
    std::size_t line_start = 0;
    const auto after = std::upper_bound(
        text_lines.begin(), text_lines.end(), offset,
        [](std::size_t wanted, const text_line& line) { return wanted < line.offset; });
    if (after != text_lines.begin()) {
        const text_line& line = *std::prev(after);
        place.line = line.line;
        place.column = line.column;
        line_start = line.offset;
    }
    place.column += static_cast<std::uint32_t>(std::min(offset, text.size()) - line_start);
    return place;
}

}  // namespace sluice::config
