#include "rules/definition/source_text.hpp"

#include <fstream>
#include <iterator>

namespace sluice::rules {
namespace {

/// Without the file: block text keeps its lines, everything else stands on one.
config::source_location count_place(const source_text& text, std::size_t offset)
{
    auto place = text.where;
    for (std::size_t i = 0; i < offset && i < text.text.size(); ++i) {
        if (text.text[i] == '\n') {
            ++place.line;
            place.column = text.where.column;
        } else if ((static_cast<unsigned char>(text.text[i]) & 0xC0U) != 0x80U) {
            ++place.column;
        }
    }
    return place;
}

/// Walks a file character by character, counting lines and columns.
class file_walk {
public:
    file_walk(std::string_view file, const config::source_location& start)
        : file_(file), line_(1), column_(1)
    {
        while (at_ < file_.size() &&
               (line_ < start.line || (line_ == start.line && column_ < start.column))) {
            step();
        }
    }

    void step()
    {
        const auto c = file_[at_++];
        if (c == '\n') {
            ++line_;
            column_ = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
            ++column_;
        }
    }

    [[nodiscard]] bool at_end() const { return at_ >= file_.size(); }
    [[nodiscard]] char now() const { return file_[at_]; }
    [[nodiscard]] char next() const { return at_ + 1 < file_.size() ? file_[at_ + 1] : '\0'; }
    [[nodiscard]] std::uint32_t line() const { return line_; }
    [[nodiscard]] std::uint32_t column() const { return column_; }

    void skip_blank()
    {
        while (!at_end() && (now() == ' ' || now() == '\t' || now() == '\n' || now() == '\r'))
            step();
    }

private:
    std::string_view file_;
    std::size_t at_ = 0;
    std::uint32_t line_;
    std::uint32_t column_;
};

bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

source_text text_of(const config::node& scalar)
{
    const auto& where = scalar.text_where.line != 0 ? scalar.text_where : scalar.where;
    return {scalar.text, where};
}

source_text part_of(const source_text& whole, std::size_t first, std::size_t count)
{
    return {whole.text.substr(first, count), place_in(whole, first)};
}

config::source_location align_place(std::string_view file, const source_text& text,
                                    std::size_t offset)
{
    file_walk walk(file, text.where);
    std::size_t i = 0;
    while (i < offset && i < text.text.size() && !walk.at_end()) {
        const char c = text.text[i];
        if (is_blank(c)) {
            while (i < offset && i < text.text.size() && is_blank(text.text[i])) ++i;
            if (i < text.text.size() && !is_blank(text.text[i])) walk.skip_blank();
            continue;
        }
        if (c == '\'' && walk.now() == '\'' && walk.next() == '\'' &&
            (i + 1 >= text.text.size() || text.text[i + 1] != '\'')) {
            walk.step();  // a doubled quote of a single-quoted scalar
        } else if (walk.now() != c && walk.now() == '\\') {
            walk.step();  // an escape of a double-quoted scalar
        } else if (walk.now() != c) {
            return count_place(text, offset);
        }
        walk.step();
        ++i;
    }
    return {text.where.file, walk.line(), walk.column()};
}

config::source_location place_in(const source_text& text, std::size_t offset)
{
    if (offset == 0) return text.where;
    if (!text.where.file || text.text.find_first_of("\n\"\\'") == std::string::npos) {
        if (text.text.size() < 80 || !text.where.file) return count_place(text, offset);
    }
    std::ifstream in(*text.where.file, std::ios::binary);
    if (!in) return count_place(text, offset);
    const std::string file{std::istreambuf_iterator<char>(in), {}};
    return align_place(file, text, offset);
}

}  // namespace sluice::rules
