#pragma once
// Literal text with `{{ expression }}` parts: method, path and headers of a request. Immutable once
// compiled, any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/scope.hpp"

namespace sluice::rules {

/// The text of a scalar as string() gives it. False for null, none, lists, maps and errors.
[[nodiscard]] bool append_text(const expression::value& shown, std::string& into);

/// Everything but A-Z a-z 0-9 - . _ ~ as %XX.
void append_percent_encoded(std::string_view text, std::string& into);

class template_string {
public:
    /// Reports problems; nothing when there was an error. `ordinal` goes on behind the expressions
    /// inside.
    [[nodiscard]] static std::optional<template_string> compile(const source_text& source,
                                                                scope& names,
                                                                std::uint32_t& ordinal);

    /// Plain text: for methods and headers. An error says why there is no text.
    [[nodiscard]] std::optional<expression::value> render(expression::evaluation_context& context,
                                                          std::string& into) const;
    /// Each result encoded as part of one path segment; refuses what would change the route.
    [[nodiscard]] std::optional<expression::value> render_path(
        expression::evaluation_context& context, std::string& into) const;

    [[nodiscard]] bool is_constant() const;
    [[nodiscard]] const std::string& source() const { return source_; }
    /// The literal text in front of the first expression.
    [[nodiscard]] std::string_view leading_text() const;
    [[nodiscard]] std::string describe(const expression::value& error) const;

private:
    struct piece {
        std::string literal;
        std::optional<expression::compiled_expression> code;
    };

    std::string source_;
    std::vector<piece> parts_;
};

}  // namespace sluice::rules
