#include "rules/expression/syntax/parser.hpp"

#include <algorithm>
#include <array>

#include "rules/expression/syntax/macros.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

constexpr std::array<std::string_view, 17> reserved_words = {
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};
constexpr std::array<std::string_view, 4> keywords = {"true", "false", "null", "in"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

operator_kind relation_of(const token& t)
{
    if (t.kind == token_kind::identifier && t.text == "in") return operator_kind::in;
    if (t.kind != token_kind::symbol) return operator_kind::none;
    if (t.text == "==") return operator_kind::equal;
    if (t.text == "!=") return operator_kind::not_equal;
    if (t.text == "<") return operator_kind::less;
    if (t.text == "<=") return operator_kind::less_equal;
    if (t.text == ">") return operator_kind::greater;
    if (t.text == ">=") return operator_kind::greater_equal;
    return operator_kind::none;
}

bool is_dotted_name(const node& n)
{
    if (n.kind == node_kind::identifier) return true;
    return n.kind == node_kind::select && !n.optional && !n.presence &&
           is_dotted_name(*n.children[0]);
}

}  // namespace

parser::parser(std::string_view text, const limits& bounds, event_arena& memory,
               std::vector<problem>& problems)
    : text_(text), bounds_(bounds), lexer_(text, memory), problems_(problems)
{
}

node_ptr parser::fail(source_offset position, std::string message, std::string hint)
{
    problems_.push_back({position, std::move(message), std::move(hint)});
    return nullptr;
}

node_ptr parser::make(node_kind kind, source_offset position)
{
    auto made = std::make_unique<node>();
    made->kind = kind;
    made->position = position;
    return made;
}

node_ptr parser::sealed(node_ptr built)
{
    std::uint32_t height = 0;
    for (const auto& child : built->children) height = std::max(height, child->height);
    built->height = height + 1;
    if (built->height <= bounds_.tree_height_max) return built;
    return fail(built->position, "the expression is nested too deeply",
                "split it into variables; at most " + std::to_string(bounds_.tree_height_max) +
                    " operators may follow each other (gateway.rule_limits.tree_height_max)");
}

node_ptr parser::binary(operator_kind op, source_offset position, node_ptr left, node_ptr right)
{
    auto made = make(node_kind::call, position);
    made->op = op;
    made->name = "_" + std::string(operator_text(op)) + "_";
    made->children.push_back(std::move(left));
    made->children.push_back(std::move(right));
    return sealed(std::move(made));
}

bool parser::expect(std::string_view symbol, std::string_view where)
{
    if (token_.is(symbol)) {
        advance();
        return true;
    }
    if (token_.kind == token_kind::bad) {
        fail(token_.position, std::string(token_.text));
    } else {
        fail(token_.position,
             "expected '" + std::string(symbol) + "' " + std::string(where) + ", found " +
                 (token_.kind == token_kind::end ? std::string(token_.text)
                                                 : "'" + std::string(token_.text) + "'"));
    }
    return false;
}

node_ptr parser::parse()
{
    advance();
    auto root = expression();
    if (root && token_.kind != token_kind::end) {
        if (token_.kind == token_kind::bad) return fail(token_.position, std::string(token_.text));
        return fail(token_.position,
                    "unexpected '" + std::string(token_.text) + "' after the expression");
    }
    return root;
}

node_ptr parser::expression()
{
    if (++nesting_ > bounds_.nesting_max) {
        return fail(token_.position, "the expression is nested too deeply",
                    "at most " + std::to_string(bounds_.nesting_max) +
                        " levels; use variables, or raise gateway.rule_limits.nesting_max");
    }
    auto condition = logical(operator_kind::logical_or);
    if (condition && token_.is("?")) {
        auto made = make(node_kind::call, token_.position);
        advance();
        made->op = operator_kind::conditional;
        made->name = "_?_:_";
        auto yes = logical(operator_kind::logical_or);
        if (!yes || !expect(":", "in a conditional")) return nullptr;
        auto no = expression();
        if (!no) return nullptr;
        made->children.push_back(std::move(condition));
        made->children.push_back(std::move(yes));
        made->children.push_back(std::move(no));
        condition = sealed(std::move(made));
    }
    --nesting_;
    return condition;
}

// `||` and `&&` are n-ary: long chains stay flat.
node_ptr parser::logical(operator_kind op)
{
    const bool is_or = op == operator_kind::logical_or;
    auto left = is_or ? logical(operator_kind::logical_and) : relation();
    if (!left || !token_.is(is_or ? "||" : "&&")) return left;
    auto made = make(node_kind::call, token_.position);
    made->op = op;
    made->name = is_or ? "_||_" : "_&&_";
    made->children.push_back(std::move(left));
    while (token_.is(is_or ? "||" : "&&")) {
        advance();
        auto right = is_or ? logical(operator_kind::logical_and) : relation();
        if (!right) return nullptr;
        made->children.push_back(std::move(right));
    }
    return sealed(std::move(made));
}

node_ptr parser::relation()
{
    auto left = additive();
    while (left) {
        const auto op = relation_of(token_);
        if (op == operator_kind::none) return left;
        const auto position = token_.position;
        advance();
        auto right = additive();
        if (!right) return nullptr;
        left = binary(op, position, std::move(left), std::move(right));
    }
    return nullptr;
}

node_ptr parser::additive()
{
    auto left = multiplicative();
    while (left && (token_.is("+") || token_.is("-"))) {
        const auto op = token_.is("+") ? operator_kind::add : operator_kind::subtract;
        const auto position = token_.position;
        advance();
        auto right = multiplicative();
        if (!right) return nullptr;
        left = binary(op, position, std::move(left), std::move(right));
    }
    return left;
}

node_ptr parser::multiplicative()
{
    auto left = unary();
    while (left && (token_.is("*") || token_.is("/") || token_.is("%"))) {
        const auto op = token_.is("*")   ? operator_kind::multiply
                        : token_.is("/") ? operator_kind::divide
                                         : operator_kind::modulo;
        const auto position = token_.position;
        advance();
        auto right = unary();
        if (!right) return nullptr;
        left = binary(op, position, std::move(left), std::move(right));
    }
    return left;
}

node_ptr parser::unary()
{
    const bool is_not = token_.is("!");
    const std::string_view symbol = is_not ? "!" : "-";
    std::vector<source_offset> positions;
    bool sign_of_literal = false;
    while (token_.is(symbol) && !sign_of_literal) {
        positions.push_back(token_.position);
        advance();
        sign_of_literal =
            !is_not && (token_.kind == token_kind::integer || token_.kind == token_kind::floating);
    }
    node_ptr operand;
    if (sign_of_literal) {
        // The sign belongs to the number, so that the smallest int can be written.
        positions.pop_back();
        operand = number(true);
        while (operand && (token_.is(".") || token_.is("["))) {
            operand =
                token_.is(".") ? after_dot(std::move(operand)) : after_bracket(std::move(operand));
        }
    } else {
        operand = member();
    }
    for (auto at = positions.rbegin(); operand && at != positions.rend(); ++at) {
        auto made = make(node_kind::call, *at);
        made->op = is_not ? operator_kind::logical_not : operator_kind::negate;
        made->name = is_not ? "!_" : "-_";
        made->children.push_back(std::move(operand));
        operand = sealed(std::move(made));
    }
    return operand;
}

node_ptr parser::member()
{
    auto left = token_.is("-") ? node_ptr{} : primary();
    if (token_.is("-") && !left) {
        advance();
        if (token_.kind != token_kind::integer && token_.kind != token_kind::floating) {
            return fail(token_.position, "'!' and '-' cannot follow each other", "add parentheses");
        }
        left = number(true);
    }
    while (left) {
        if (token_.is(".")) {
            left = after_dot(std::move(left));
        } else if (token_.is("[")) {
            left = after_bracket(std::move(left));
        } else if (token_.is("{") && is_dotted_name(*left)) {
            return fail(token_.position, "message literals are not supported",
                        "write a map: {'field': value}");
        } else {
            return left;
        }
    }
    return nullptr;
}

node_ptr parser::after_dot(node_ptr target)
{
    advance();
    const bool optional = token_.is("?");
    if (optional) advance();
    const auto name = token_;
    const bool quoted = name.kind == token_kind::quoted_field;
    if (name.kind != token_kind::identifier && !quoted) {
        return fail(name.position, "expected a field name after '.'");
    }
    if (!quoted && is_one_of(name.text, keywords)) {
        return fail(name.position, "'" + std::string(name.text) + "' is a keyword",
                    "write ['" + std::string(name.text) + "'] to read a field of that name");
    }
    advance();
    const bool is_call = token_.is("(") && !optional && !quoted;
    auto made = make(is_call ? node_kind::method : node_kind::select, name.position);
    made->name = name.text;
    made->optional = optional;
    made->children.push_back(std::move(target));
    if (!is_call) return sealed(std::move(made));
    return finish_call(std::move(made));
}

node_ptr parser::finish_call(node_ptr call)
{
    if (!arguments(call->children)) return nullptr;
    call = sealed(std::move(call));
    if (!call) return nullptr;
    if (auto problem = expand_macro(call))
        return fail(problem->position, std::move(problem->message));
    return call;
}

node_ptr parser::after_bracket(node_ptr target)
{
    auto made = make(node_kind::index, token_.position);
    advance();
    made->optional = token_.is("?");
    if (made->optional) advance();
    auto key = expression();
    if (!key || !expect("]", "after an index")) return nullptr;
    made->children.push_back(std::move(target));
    made->children.push_back(std::move(key));
    return sealed(std::move(made));
}

bool parser::arguments(std::vector<node_ptr>& into)
{
    advance();
    if (token_.is(")")) {
        advance();
        return true;
    }
    while (true) {
        auto argument = expression();
        if (!argument) return false;
        into.push_back(std::move(argument));
        if (!token_.is(",")) return expect(")", "after the arguments");
        advance();
    }
}

node_ptr parser::primary()
{
    const auto start = token_;
    switch (start.kind) {
        case token_kind::integer:
        case token_kind::unsigned_integer:
        case token_kind::floating:
            return number(false);
        case token_kind::string:
        case token_kind::bytes: {
            auto made = make(node_kind::literal, start.position);
            const bool is_string = start.kind == token_kind::string;
            made->constant =
                is_string ? value::from_string(start.text) : value::from_bytes(start.text);
            advance();
            return made;
        }
        case token_kind::identifier:
            return named(false);
        case token_kind::bad:
            return fail(start.position, std::string(start.text));
        case token_kind::end:
            return fail(start.position, "the expression ends too early",
                        "something must follow, or what stands before is too much");
        case token_kind::quoted_field:
            return fail(start.position, "a back-quoted name may only follow a '.'");
        case token_kind::symbol:
            break;
    }
    if (start.is("(")) {
        advance();
        auto inner = expression();
        if (!inner || !expect(")", "to close the parenthesis")) return nullptr;
        return inner;
    }
    if (start.is("[")) return list_literal();
    if (start.is("{")) return map_literal();
    if (start.is(".")) {
        advance();
        if (token_.kind == token_kind::identifier) return named(true);
    }
    return fail(start.position, "unexpected '" + std::string(start.text) + "'");
}

node_ptr parser::named(bool absolute)
{
    const auto name = token_;
    advance();
    if (!absolute && is_one_of(name.text, keywords) && name.text != "in") {
        auto made = make(node_kind::literal, name.position);
        made->constant =
            name.text == "null" ? value::null() : value::from_bool(name.text == "true");
        return made;
    }
    if (is_one_of(name.text, keywords) || is_one_of(name.text, reserved_words)) {
        return fail(name.position, "'" + std::string(name.text) + "' is a reserved word");
    }
    const bool is_call = token_.is("(");
    auto made = make(is_call ? node_kind::call : node_kind::identifier, name.position);
    made->name = name.text;
    made->absolute = absolute;
    return is_call ? finish_call(std::move(made)) : std::move(made);
}

std::optional<tree> parse(std::string_view text, const limits& bounds,
                          std::vector<problem>& problems)
{
    if (!is_valid_utf8(text)) {
        problems.push_back({0, "the expression is not valid UTF-8", ""});
        return std::nullopt;
    }
    if (text.size() > bounds.text_code_points_max &&
        count_code_points(text) > bounds.text_code_points_max) {
        problems.push_back(
            {0, "the expression is too long",
             "at most " + std::to_string(bounds.text_code_points_max) +
                 " characters; gateway.rule_limits.expression_code_points_max allows more"});
        return std::nullopt;
    }
    tree made;
    made.text = std::make_shared<const std::string>(text);
    made.memory.push_back(std::make_shared<event_arena>(512));
    made.root = parser(*made.text, bounds, *made.memory[0], problems).parse();
    if (!made.root) return std::nullopt;
    return made;
}

}  // namespace sluice::rules::expression
