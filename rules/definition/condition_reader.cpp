#include "rules/definition/condition_reader.hpp"

#include <algorithm>

#include "rules/definition/literal.hpp"

namespace sluice::rules {
namespace {

constexpr std::array<std::string_view, 18> operators{"equals",       "doesNotEqual",
                                                     "contains",     "doesNotContain",
                                                     "startsWith",   "doesNotStartWith",
                                                     "endsWith",     "doesNotEndWith",
                                                     "matchesRegex", "doesNotMatchRegex",
                                                     "lessThan",     "lessThanOrEqual",
                                                     "greaterThan",  "greaterThanOrEqual",
                                                     "isTrue",       "isFalse",
                                                     "isTruthy",     "isFalsy"};

void read_right(const config::node& compare, compare_source& out, diagnostics& problems)
{
    const auto* right = compare.find("right");
    const bool is_unary = out.op.starts_with("is");
    if (right == nullptr) {
        if (!is_unary) {
            problems.error(compare.where, "operator `" + out.op + "` needs `right`");
        }
        return;
    }
    if (is_unary) {
        problems.error(right->where, "operator `" + out.op + "` takes no `right`");
        return;
    }
    if (right->is_map()) {
        refuse_unknown_keys(*right, {"$expr"}, "`right`", problems);
        out.right = read_expression(*right, "$expr", "`$expr`", problems);
        return;
    }
    if (!right->is_scalar() && !right->is_null()) {
        problems.error(right->where, "`right` must be a text, a number or `{$expr: …}`");
        return;
    }
    const auto text = right->text;
    if (text.starts_with("{{") && text.ends_with("}}")) {
        out.right = part_of(text_of(*right), 2, text.size() - 4);
    } else if (is_json_literal(*right)) {
        out.right_json = to_json(*right);
    } else {
        out.right_text = text;
    }
    const bool needs_text = out.op.find("ontain") != std::string::npos ||
                            out.op.find("With") != std::string::npos ||
                            out.op.find("Regex") != std::string::npos;
    if (needs_text && out.right_text && out.right_text->empty()) {
        problems.error(right->where, "`right` of `" + out.op + "` must not be empty");
    }
}

compare_source read_compare(const config::node& compare, diagnostics& problems)
{
    compare_source out;
    if (!expect_map(compare, "`compare`", problems)) return out;
    refuse_unknown_keys(compare, {"left", "op", "right", "ignore_case"}, "`compare`", problems);
    const auto left = read_expression(compare, "left", "`left`", problems);
    const auto op = read_text(compare, "op", problems);
    if (!left || !op) {
        problems.error(compare.where, "`compare` needs `left` and `op`");
        return out;
    }
    out.left = *left;
    out.op = op->text;
    out.op_where = op->where;
    if (std::ranges::find(operators, op->text) == operators.end()) {
        const auto near = config::nearest_name(op->text, {operators.begin(), operators.end()});
        problems.error(op->where, "unknown operator '" + op->text + "'",
                       near.empty() ? "for example equals, contains, lessThan, isTruthy"
                                    : "did you mean '" + std::string{near} + "'?");
    }
    out.ignore_case = read_bool(compare, "ignore_case", false, problems);
    read_right(compare, out, problems);
    return out;
}

condition_source read_parts(condition_source::kind what, const config::node& list,
                            std::string_view key, diagnostics& problems)
{
    condition_source out{.what = what, .where = list.where};
    if (!expect_list(list, "`" + std::string{key} + "`", problems)) return out;
    for (const auto& item : list.items) out.parts.push_back(read_condition(item, problems));
    return out;
}

condition_source read_condition_map(const config::node& when, diagnostics& problems)
{
    condition_source out{.what = condition_source::kind::all, .where = when.where};
    refuse_unknown_keys(when, {"all", "any", "none", "compare"}, "a condition", problems);
    for (const auto& [key, value] : when.members) {
        if (key.text == "all") {
            out.parts.push_back(read_parts(condition_source::kind::all, value, "all", problems));
        } else if (key.text == "any") {
            out.parts.push_back(read_parts(condition_source::kind::any, value, "any", problems));
        } else if (key.text == "none") {
            out.parts.push_back(read_parts(condition_source::kind::none, value, "none", problems));
        } else if (key.text == "compare") {
            condition_source part{.what = condition_source::kind::compare, .where = value.where};
            part.compare = read_compare(value, problems);
            out.parts.push_back(std::move(part));
        }
    }
    if (when.members.empty()) problems.error(when.where, "an empty condition");
    if (out.parts.size() == 1) return std::move(out.parts.front());
    return out;
}

}  // namespace

std::span<const std::string_view> compare_operators()
{
    return operators;
}

condition_source read_condition(const config::node& when, diagnostics& problems)
{
    if (when.is_list()) {
        return read_parts(condition_source::kind::all, when, "when", problems);
    }
    if (when.is_map()) return read_condition_map(when, problems);
    condition_source out{.where = when.where};
    out.expression = read_expression(when, "a condition", problems).value_or(source_text{});
    return out;
}

}  // namespace sluice::rules
