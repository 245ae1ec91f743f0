#include "config/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::size_t source_line_bytes_max = 160;

std::string_view file_of(const source_location& where)
{
    return where.file ? std::string_view(*where.file) : std::string_view();
}

/// Lines of the files that diagnostics point into, read when the first one of a file is printed.
class source_lines {
public:
    std::optional<std::string> line(const source_location& where)
    {
        if (!where.file || where.line == 0) return std::nullopt;
        const auto& lines = lines_of(*where.file);
        if (where.line > lines.size()) return std::nullopt;
        return lines[where.line - 1];
    }

private:
    const std::vector<std::string>& lines_of(const std::string& path)
    {
        const auto [entry, is_new] = files_.try_emplace(path);
        if (is_new) {
            std::ifstream file(path);
            for (std::string line; std::getline(file, line);) {
                entry->second.push_back(std::move(line));
            }
        }
        return entry->second;
    }

    std::map<std::string, std::vector<std::string>> files_;
};

bool continues_character(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// The source line and a caret below the column. Tabs and control characters become blanks, so that
/// the caret stands right and a file can't control the terminal.
std::string excerpt(std::string line, const source_location& where)
{
    if (line.size() > source_line_bytes_max) {
        std::size_t end = source_line_bytes_max;
        while (end > 0 && continues_character(line[end])) --end;
        line.resize(end);
    }
    std::size_t caret = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (static_cast<unsigned char>(line[i]) < 0x20 || line[i] == 0x7F) line[i] = ' ';
        if (i + 1 < where.column && !continues_character(line[i])) ++caret;
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    std::string text = fmt::format("{:>5} | {}\n", where.line, line);
    if (where.column > 0 && where.column <= source_line_bytes_max) {
        text += fmt::format("      | {:{}}^\n", "", caret);
    }
    return text;
}

/// Edit distance that counts a swap of neighbours as one edit (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

std::string lower_case(std::string_view text)
{
    std::string lower;
    for (const char c : text) {
        const char plain = c == '-' ? '_' : c;
        lower += static_cast<char>(std::tolower(static_cast<unsigned char>(plain)));
    }
    return lower;
}

/// The words of a key in alphabetical order, so that `max_connections` meets `connections_max`.
std::string sorted_words(const std::string& name)
{
    std::vector<std::string> words(1);
    for (const char c : name) {
        if (c == '_')
            words.emplace_back();
        else
            words.back() += c;
    }
    std::sort(words.begin(), words.end());
    std::string joined;
    for (const auto& word : words) joined += word + '_';
    return joined;
}

/// Small enough to be a slip of the pen; larger than the limit means unrelated.
std::size_t name_distance(const std::string& name, const std::string& candidate)
{
    const std::size_t direct = edit_distance(name, candidate);
    const std::size_t reordered = edit_distance(sorted_words(name), sorted_words(candidate)) + 1;
    std::size_t distance = std::min(direct, reordered);
    const auto& [shorter, longer] =
        name.size() < candidate.size() ? std::pair(name, candidate) : std::pair(candidate, name);
    if (shorter.size() >= 4 && longer.starts_with(shorter)) {
        distance = std::min<std::size_t>(distance, 2);
    }
    return distance;
}

bool earlier(const diagnostic& a, const diagnostic& b)
{
    const auto place = [](const diagnostic& d) {
        return std::tuple(file_of(d.where), d.where.line, d.where.column);
    };
    return place(a) < place(b);
}

}  // namespace

void diagnostics::error(source_location where, std::string message, std::string hint)
{
    add({severity::error, std::move(where), std::move(message), std::move(hint)});
}

void diagnostics::warning(source_location where, std::string message, std::string hint)
{
    add({severity::warning, std::move(where), std::move(message), std::move(hint)});
}

void diagnostics::add(diagnostic problem)
{
    if (problem.level == severity::error) ++error_count_;
    all_.push_back(std::move(problem));
}

std::string to_text(const source_location& where)
{
    std::string text(file_of(where));
    if (where.line != 0) {
        text += fmt::format("{}{}", text.empty() ? "" : ":", where.line);
        if (where.column != 0) text += fmt::format(":{}", where.column);
    }
    return text;
}

std::string diagnostics::to_text() const
{
    std::vector<diagnostic> sorted = all_;
    std::stable_sort(sorted.begin(), sorted.end(), earlier);
    std::set<std::pair<std::string_view, std::uint32_t>> hidden;
    for (const auto& problem : sorted) {
        if (problem.hides_source) hidden.emplace(file_of(problem.where), problem.where.line);
    }
    source_lines sources;
    std::string text;
    for (const auto& problem : sorted) {
        const std::string place = config::to_text(problem.where);
        if (!place.empty()) text += place + ": ";
        text += problem.level == severity::error ? "error: " : "warning: ";
        text += problem.message + '\n';
        if (!hidden.contains({file_of(problem.where), problem.where.line})) {
            if (auto line = sources.line(problem.where)) {
                text += excerpt(std::move(*line), problem.where);
            }
        }
        if (!problem.hint.empty()) text += "  hint: " + problem.hint + '\n';
    }
    return text;
}

std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates)
{
    const std::string wanted = lower_case(name);
    std::string_view nearest;
    std::size_t least = std::max<std::size_t>(1, (wanted.size() + 1) / 3) + 1;
    if (name.size() > 100) return {};
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = name_distance(wanted, lower_case(candidate));
        if (distance < least) {
            least = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace sluice::config
