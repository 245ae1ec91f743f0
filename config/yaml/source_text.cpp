#include "config/yaml/source_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::config {
namespace {

std::size_t indent_of(std::string_view line)
{
    const auto first = line.find_first_not_of(' ');
    return first == std::string_view::npos ? line.size() : first;
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Length of the UTF-8 character at the front, 0 when it is malformed, overlong or a surrogate.
std::size_t character_length(std::string_view text)
{
    const auto byte = [&](std::size_t i) -> std::uint32_t {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    std::uint32_t value = lead & (0xFFu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        value = (value << 6) | (byte(i) & 0x3F);
    }
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (lead < 0xC2 || value < least[length] || value > 0x10FFFF || is_surrogate) return 0;
    return length;
}

}  // namespace

source_text::source_text(std::string_view text, const std::string& file_name)
    : file_(std::make_shared<const std::string>(file_name))
{
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines_.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::string_view source_text::line(std::uint32_t number) const
{
    return number == 0 || number > lines_.size() ? std::string_view() : lines_[number - 1];
}

bool source_text::check_encoding(diagnostics& problems) const
{
    for (std::uint32_t number = 1; number <= lines_.size(); ++number) {
        const std::string_view text = line(number);
        for (std::size_t i = 0; i < text.size();) {
            const std::size_t length = character_length(text.substr(i));
            const auto where = at(number, static_cast<std::uint32_t>(i + 1));
            if (length == 0) {
                problems.error(where, "this is not UTF-8 text", "save the file as UTF-8");
                return false;
            }
            const auto byte = static_cast<unsigned char>(text[i]);
            if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
                problems.error(where,
                               fmt::format("the control character 0x{:02X} is not allowed", byte),
                               "remove it, or write it as an escape in double quotes");
                return false;
            }
            i += length;
        }
    }
    return true;
}

source_location source_text::behind_properties(source_location where) const
{
    while (true) {
        const std::string_view text = line(where.line);
        const std::size_t at = where.column == 0 ? 0 : where.column - 1;
        if (at >= text.size() || (text[at] != '&' && text[at] != '!')) return where;
        const auto end = text.find_first_of(" \t", at);
        const auto next = text.find_first_not_of(" \t", end);
        if (end != std::string_view::npos && next != std::string_view::npos && text[next] != '#') {
            where.column = static_cast<std::uint32_t>(next + 1);
            continue;
        }
        // the value follows on the next line that has one
        do {
            ++where.line;
        } while (where.line < lines_.size() && trimmed(line(where.line)).empty());
        where.column = static_cast<std::uint32_t>(indent_of(line(where.line)) + 1);
    }
}

void source_text::place_text(node& scalar) const
{
    scalar.text_where = scalar.where;
    const std::string_view text = line(scalar.where.line);
    const std::size_t at = scalar.where.column - 1;
    const char first = at < text.size() ? text[at] : '\0';
    if (scalar.is_quoted && (first == '|' || first == '>')) {
        place_block(scalar);
        return;
    }
    if (scalar.is_quoted && (first == '"' || first == '\'')) ++scalar.text_where.column;
    place_flow(scalar);
}

/// Block scalars: the content starts in the line after the header, behind the indentation that the
/// header gives or that the first line with text has.
void source_text::place_block(node& scalar) const
{
    std::uint32_t number = scalar.where.line + 1;
    while (number < lines_.size() && trimmed(line(number)).empty()) ++number;
    std::size_t indent = indent_of(line(number));
    const std::string_view header = line(scalar.where.line).substr(scalar.where.column - 1);
    const auto digit = header.substr(0, 3).find_first_of("123456789");
    // with an explicit indicator the first line may start with blanks that belong to the text
    if (digit != std::string_view::npos) {
        const auto blanks = std::min(scalar.text.find_first_not_of(" \n"), scalar.text.size());
        const auto line_start = scalar.text.rfind('\n', blanks);
        indent -=
            std::min(indent, line_start == scalar.text.npos ? blanks : blanks - line_start - 1);
    }
    const auto column = static_cast<std::uint32_t>(indent + 1);
    scalar.text_where = at(number, column);
    std::size_t from = 0;
    for (; from < scalar.text.size() && number <= lines_.size(); ++number) {
        const std::string_view content = line(number);
        if (content.size() <= indent) continue;
        const std::size_t found = scalar.text.find(trimmed(content.substr(indent)), from);
        if (found == std::string::npos) break;
        scalar.text_lines.push_back({found, number, column});
        from = found + trimmed(content.substr(indent)).size();
    }
    if (scalar.text_lines.size() == 1 && scalar.text_lines[0].offset == 0) {
        scalar.text_lines.clear();
    }
}

/// Plain and quoted scalars: the rest of the first line, then lines without their indentation, as
/// long as their text is found again in the value (escapes end the search).
void source_text::place_flow(node& scalar) const
{
    const std::string_view first = line(scalar.text_where.line);
    if (scalar.text_where.column > first.size() + 1) return;
    const std::string_view rest = trimmed(first.substr(scalar.text_where.column - 1));
    if (rest.size() >= scalar.text.size() || !scalar.text.starts_with(rest)) return;
    std::size_t from = rest.size();
    scalar.text_lines.push_back({0, scalar.text_where.line, scalar.text_where.column});
    for (std::uint32_t number = scalar.text_where.line + 1; number <= lines_.size(); ++number) {
        const std::size_t indent = line(number).find_first_not_of(" \t");
        if (indent == std::string_view::npos) continue;
        const std::size_t start =
            std::min(scalar.text.find_first_not_of(" \n", from), scalar.text.size());
        if (start == scalar.text.size()) break;
        const std::string_view wanted = std::string_view(scalar.text).substr(start);
        const std::string_view content = trimmed(line(number).substr(indent));
        const auto column = static_cast<std::uint32_t>(indent + 1);
        const bool is_last = !wanted.starts_with(content);
        if (is_last && !content.starts_with(wanted)) break;
        scalar.text_lines.push_back({start, number, column});
        if (is_last) break;
        from = start + content.size();
    }
}

}  // namespace sluice::config
