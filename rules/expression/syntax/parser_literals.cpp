// The literals of parser.hpp: numbers, lists and maps.
#include <charconv>
#include <cmath>

#include "rules/expression/syntax/parser.hpp"

namespace sluice::rules::expression {

node_ptr parser::number(bool negative)
{
    const auto number = token_;
    auto made = make(node_kind::literal, number.position);
    advance();
    if (number.kind == token_kind::floating) {
        double parsed = 0;
        const auto* end = number.text.data() + number.text.size();
        const auto outcome = std::from_chars(number.text.data(), end, parsed);
        const bool underflow = outcome.ec == std::errc::result_out_of_range &&
                               (number.text.find("e-") != std::string_view::npos ||
                                number.text.find("E-") != std::string_view::npos);
        if (underflow) parsed = 0;
        if ((outcome.ec != std::errc{} && !underflow) || !std::isfinite(parsed)) {
            return fail(number.position, "the number is out of the range of double");
        }
        made->constant = value::from_double(negative ? -parsed : parsed);
        return made;
    }
    const bool hex = number.text.starts_with("0x");
    const auto digits = hex ? number.text.substr(2) : number.text;
    std::uint64_t magnitude = 0;
    const auto outcome =
        std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, hex ? 16 : 10);
    const bool is_unsigned = number.kind == token_kind::unsigned_integer;
    const auto bound = is_unsigned ? UINT64_MAX : (std::uint64_t{1} << 63) - (negative ? 0 : 1);
    if (outcome.ec != std::errc{} || magnitude > bound) {
        return fail(number.position,
                    std::string("the number does not fit ") + (is_unsigned ? "uint" : "int"));
    }
    if (is_unsigned) {
        made->constant = value::from_uint(magnitude);
    } else {
        made->constant =
            value::from_int(static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude));
    }
    return made;
}

node_ptr parser::list_literal()
{
    auto made = make(node_kind::list, token_.position);
    advance();
    while (!token_.is("]")) {
        made->optional_entries.push_back(token_.is("?"));
        if (token_.is("?")) advance();
        auto element = expression();
        if (!element) return nullptr;
        made->children.push_back(std::move(element));
        if (!token_.is(",")) break;
        advance();
        if (made->children.empty()) break;
    }
    if (!expect("]", "after the list")) return nullptr;
    return sealed(std::move(made));
}

node_ptr parser::map_literal()
{
    auto made = make(node_kind::map, token_.position);
    advance();
    while (!token_.is("}")) {
        made->optional_entries.push_back(token_.is("?"));
        if (token_.is("?")) advance();
        auto key = expression();
        if (!key || !expect(":", "between key and value")) return nullptr;
        auto item = expression();
        if (!item) return nullptr;
        made->children.push_back(std::move(key));
        made->children.push_back(std::move(item));
        if (!token_.is(",")) break;
        advance();
    }
    if (!expect("}", "after the map")) return nullptr;
    return sealed(std::move(made));
}

}  // namespace sluice::rules::expression
