#include "rules/expression/syntax/lexer.hpp"

#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

int hex_digit(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr std::string_view two_character_symbols[] = {"==", "!=", "<=", ">=", "&&", "||"};
constexpr std::string_view one_character_symbols = "+-*/%<>!?:.,()[]{}";

}  // namespace

token lexer::bad(std::size_t at, const char* message)
{
    at_ = text_.size();
    return {token_kind::bad, message, static_cast<source_offset>(at)};
}

void lexer::skip_blanks()
{
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            ++at_;
        } else if (c == '/' && peek(1) == '/') {
            while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        } else {
            return;
        }
    }
}

token lexer::next()
{
    skip_blanks();
    if (at_ >= text_.size()) {
        return {token_kind::end, "the end of the expression",
                static_cast<source_offset>(text_.size())};
    }
    const char c = text_[at_];
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return string_literal(false, false, at_);
    if (c == '`') return quoted_field();
    if (is_letter(c)) return word();
    return symbol();
}

token lexer::number()
{
    const auto start = at_;
    auto kind = token_kind::integer;
    if (peek() == '0' && peek(1) == 'x' && hex_digit(peek(2)) >= 0) {
        at_ += 2;
        while (hex_digit(peek()) >= 0) ++at_;
    } else {
        while (is_digit(peek())) ++at_;
        if (peek() == '.' && is_digit(peek(1))) {
            kind = token_kind::floating;
            ++at_;
            while (is_digit(peek())) ++at_;
        }
        const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
        if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) {
            kind = token_kind::floating;
            at_ += 1 + sign;
            while (is_digit(peek())) ++at_;
        }
    }
    const auto text = text_.substr(start, at_ - start);
    if (kind == token_kind::integer && (peek() == 'u' || peek() == 'U')) {
        ++at_;
        kind = token_kind::unsigned_integer;
    }
    if (is_letter(peek()) || is_digit(peek())) return bad(at_, "a number runs into a name");
    return {kind, text, static_cast<source_offset>(start)};
}

token lexer::word()
{
    const auto start = at_;
    bool raw = false, bytes = false;
    for (std::size_t i = 0; i < 3; ++i) {
        const char c = peek(i);
        if (c == '"' || c == '\'') {
            at_ += i;
            return string_literal(raw, bytes, start);
        }
        if ((c == 'r' || c == 'R') && !raw) {
            raw = true;
        } else if ((c == 'b' || c == 'B') && !bytes) {
            bytes = true;
        } else {
            break;
        }
    }
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    return {token_kind::identifier, text_.substr(start, at_ - start),
            static_cast<source_offset>(start)};
}

token lexer::quoted_field()
{
    const auto start = at_++;
    while (is_letter(peek()) || is_digit(peek()) || peek() == '.' || peek() == '-' ||
           peek() == '/' || peek() == ' ') {
        ++at_;
    }
    if (peek() != '`' || at_ == start + 1)
        return bad(start, "a back-quoted name is not closed or empty");
    const auto text = text_.substr(start + 1, at_ - start - 1);
    ++at_;
    return {token_kind::quoted_field, text, static_cast<source_offset>(start)};
}

// One escape sequence behind a backslash at `at`; a message when it is malformed.
const char* lexer::escape(std::size_t& at, bool bytes, char* out, std::size_t& size)
{
    const char c = at < text_.size() ? text_[at++] : '\0';
    static constexpr std::string_view letters = "abfnrtv\\?\"'`",
                                      meanings = "\a\b\f\n\r\t\v\\?\"'`";
    if (const auto found = letters.find(c); found != std::string_view::npos) {
        out[size++] = meanings[found];
        return nullptr;
    }
    std::uint32_t point = 0;
    std::size_t digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) {
        if (bytes && digits > 2) return "\\u and \\U are not allowed in bytes";
        for (; digits > 0; --digits, ++at) {
            const auto digit = at < text_.size() ? hex_digit(text_[at]) : -1;
            if (digit < 0) return "an escape sequence needs more hexadecimal digits";
            point = point * 16 + static_cast<std::uint32_t>(digit);
        }
    } else if (c >= '0' && c <= '3') {
        point = static_cast<std::uint32_t>(c - '0');
        for (int i = 0; i < 2; ++i, ++at) {
            if (at >= text_.size() || text_[at] < '0' || text_[at] > '7') {
                return "an octal escape sequence has three digits";
            }
            point = point * 8 + static_cast<std::uint32_t>(text_[at] - '0');
        }
    } else {
        return "unknown escape sequence";
    }
    if (bytes) {
        out[size++] = static_cast<char>(point);
        return nullptr;
    }
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return "not a Unicode code point";
    size += encode_code_point(point, out + size);
    return nullptr;
}

token lexer::string_literal(bool raw, bool bytes, std::size_t start)
{
    const char quote = text_[at_];
    const bool long_form = peek(1) == quote && peek(2) == quote;
    auto at = at_ + (long_form ? 3 : 1);
    // An escape is never shorter than what it stands for, so the rest of the text is room enough.
    const auto close = long_form ? std::string_view(text_).substr(at_, 3) : text_.substr(at_, 1);
    auto end = at;
    while (end < text_.size() && text_.substr(end, close.size()) != close) {
        if (!long_form && (text_[end] == '\n' || text_[end] == '\r')) break;
        end += !raw && text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size() || text_.substr(end, close.size()) != close) {
        return bad(start, "a string is not closed");
    }
    auto* out = static_cast<char*>(memory_->allocate(end - at + 1, 1));
    std::size_t size = 0;
    while (at < end) {
        const char c = text_[at++];
        if (c != '\\' || raw) {
            out[size++] = c;
        } else if (const char* message = escape(at, bytes, out, size)) {
            return bad(at - 1, message);
        }
    }
    at_ = end + close.size();
    return {bytes ? token_kind::bytes : token_kind::string,
            {out, size},
            static_cast<source_offset>(start)};
}

token lexer::symbol()
{
    const auto start = static_cast<source_offset>(at_);
    const auto two = text_.substr(at_, 2);
    for (const auto candidate : two_character_symbols) {
        if (two == candidate) {
            at_ += 2;
            return {token_kind::symbol, candidate, start};
        }
    }
    if (one_character_symbols.find(text_[at_]) != std::string_view::npos) {
        return {token_kind::symbol, text_.substr(at_++, 1), start};
    }
    if (text_[at_] == '=') return bad(at_, "a single '=' is no operator; write '=='");
    return bad(at_, "unexpected character");
}

}  // namespace sluice::rules::expression
