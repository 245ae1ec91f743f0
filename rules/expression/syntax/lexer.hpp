#pragma once
// Text to tokens, one at a time. Views of the text; decoded strings land in the arena of the tree.

#include <string_view>

#include "rules/event_arena.hpp"
#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

enum class token_kind : std::uint8_t {
    end,
    identifier,
    quoted_field,  ///< `content-type`, without the quotes
    integer,       ///< text holds the digits; the parser adds the sign
    unsigned_integer,
    floating,
    string,
    bytes,
    symbol,
    bad,  ///< text is the error message
};

struct token {
    token_kind kind = token_kind::end;
    std::string_view text;
    source_offset position = 0;

    [[nodiscard]] bool is(std::string_view symbol) const
    {
        return kind == token_kind::symbol && text == symbol;
    }
};

class lexer {
public:
    lexer(std::string_view text, event_arena& memory) : text_(text), memory_(&memory) {}
    [[nodiscard]] token next();

private:
    void skip_blanks();
    token number();
    token word();
    token quoted_field();
    token string_literal(bool raw, bool bytes, std::size_t start);
    token symbol();
    token bad(std::size_t at, const char* message);
    const char* escape(std::size_t& at, bool bytes, char* out, std::size_t& size);

    [[nodiscard]] char peek(std::size_t ahead = 0) const
    {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    std::string_view text_;
    event_arena* memory_;
    std::size_t at_ = 0;
};

}  // namespace sluice::rules::expression
