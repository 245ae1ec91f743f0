#pragma once
// Tokens to a tree by recursive descent, one method per level of the grammar, macros expanded on
// the way. Stops at the first mistake: what follows a syntax error is guesswork.

#include <optional>
#include <string>
#include <vector>

#include "rules/expression/expression.hpp"
#include "rules/expression/syntax/lexer.hpp"

namespace sluice::rules::expression {

class parser {
public:
    parser(std::string_view text, const limits& bounds, event_arena& memory,
           std::vector<problem>& problems);
    /// Null after a problem was reported.
    [[nodiscard]] node_ptr parse();

private:
    node_ptr expression();
    node_ptr logical(operator_kind op);
    node_ptr relation();
    node_ptr additive();
    node_ptr multiplicative();
    node_ptr unary();
    node_ptr member();
    node_ptr after_dot(node_ptr target);
    node_ptr after_bracket(node_ptr target);
    node_ptr primary();
    node_ptr number(bool negative);
    node_ptr named(bool absolute);
    node_ptr list_literal();
    node_ptr map_literal();
    bool arguments(std::vector<node_ptr>& into);
    node_ptr finish_call(node_ptr call);

    node_ptr make(node_kind kind, source_offset position);
    node_ptr binary(operator_kind op, source_offset position, node_ptr left, node_ptr right);
    /// Checks the height after children were added.
    node_ptr sealed(node_ptr built);
    node_ptr fail(source_offset position, std::string message, std::string hint = {});
    bool expect(std::string_view symbol, std::string_view where);
    void advance() { token_ = lexer_.next(); }

    std::string_view text_;
    const limits& bounds_;
    lexer lexer_;
    token token_;
    std::vector<problem>& problems_;
    std::uint32_t nesting_ = 0;
};

}  // namespace sluice::rules::expression
