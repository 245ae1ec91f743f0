#include "rules/conditions/condition.hpp"

#include <algorithm>

#include "rules/expression/json_reader.hpp"
#include "rules/expression/printer.hpp"

namespace sluice::rules {
namespace {

using expression::node_kind;
using expression::operator_kind;
using expression::value;
using expression::value_kind;

/// Only paths and constants: then two equal texts of different rule sets mean the same.
bool is_shareable(const expression::node& node)
{
    if (node.kind == node_kind::identifier && node.variable) return false;
    if (node.name == "uuid.v4" || node.name == "v4") return false;
    return std::ranges::all_of(node.children,
                               [](const auto& child) { return is_shareable(*child); });
}

bool has_uuid(const expression::node& node)
{
    if (node.name == "uuid.v4" || node.name == "v4") return true;
    return std::ranges::any_of(node.children, [](const auto& child) { return has_uuid(*child); });
}

std::string key_of(const expression::node& node, const std::string& text, const scope& names,
                   const std::string& rule)
{
    if (is_shareable(node)) return text;
    if (has_uuid(node)) return rule + '\n' + std::to_string(node.position) + '\n' + text;
    return std::to_string(names.id()) + '\n' + text;
}

}  // namespace

condition_id condition_table::add_part(part made)
{
    parts_.push_back(made);
    return static_cast<condition_id>(parts_.size() - 1);
}

condition_id condition_table::always()
{
    return add_part({});
}

condition_id condition_table::add_group(kind what, const std::vector<condition_id>& children)
{
    if (children.empty() && what == kind::all) return always();
    part made{.what = what, .count = static_cast<std::uint32_t>(children.size())};
    auto ordered = children;
    for (std::uint32_t i = 0; i < children.size(); ++i) {
        parts_[children[i]].rank = i;
        made.cost += parts_[children[i]].cost;
    }
    std::ranges::stable_sort(ordered, {}, [&](condition_id id) { return parts_[id].cost; });
    made.first = static_cast<std::uint32_t>(links_.size());
    links_.insert(links_.end(), ordered.begin(), ordered.end());
    return add_part(made);
}

condition_id condition_table::add(const condition_source& source, scope& names,
                                  const std::string& rule)
{
    switch (source.what) {
        case condition_source::kind::expression:
            return add_expression(source.expression, names, rule);
        case condition_source::kind::compare:
            return add_compare(source.compare, names, rule);
        default:
            break;
    }
    std::vector<condition_id> children;
    children.reserve(source.parts.size());
    const auto outer = names.use();
    if (source.what == condition_source::kind::none) {
        names.use_for(expression::condition_use::negated);
    }
    for (const auto& item : source.parts) children.push_back(add(item, names, rule));
    names.use_for(outer);
    if (source.what == condition_source::kind::any) return add_group(kind::any, children);
    if (source.what == condition_source::kind::none) return add_group(kind::none, children);
    return add_group(kind::all, children);
}

condition_id condition_table::add_expression(const source_text& text, scope& names,
                                             const std::string& rule)
{
    const auto code = names.compile(text, value_kind::boolean);
    if (!code) return always();
    if (code->is_constant() && code->constant().is_true()) return always();
    return add_node(*code, code->root(), names, rule);
}

condition_id condition_table::add_node(const expression::compiled_expression& whole,
                                       const expression::node& node, scope& names,
                                       const std::string& rule)
{
    if (node.is_operator(operator_kind::logical_and) ||
        node.is_operator(operator_kind::logical_or)) {
        std::vector<condition_id> children;
        for (const auto& child : node.children) {
            children.push_back(add_node(whole, *child, names, rule));
        }
        return add_group(node.op == operator_kind::logical_and ? kind::all : kind::any, children);
    }
    if (node.is_operator(operator_kind::logical_not)) {
        return add_group(kind::none, {add_node(whole, *node.children[0], names, rule)});
    }
    auto text = expression::to_text(node);
    auto named = expression::to_named_text(node);
    const bool is_named = named != text;
    auto key = key_of(node, text, names, rule);
    auto id = predicates_.find(key);
    if (!id) {
        predicate made;
        made.code = expression::compile_part(whole, node, names.environment());
        made.simple = expression::as_simple_predicate(made.code.root());
        made.text = std::move(text);
        made.rule = rule;
        choose_test(made);
        id = predicates_.add(std::move(key), std::move(made));
    }
    const auto made =
        add_part({.what = kind::predicate, .predicate = *id, .cost = predicates_.at(*id).cost});
    if (is_named) named_texts_[made] = std::move(named);
    return made;
}

condition_id condition_table::add_compare(const compare_source& source, scope& names,
                                          const std::string& rule)
{
    const auto op = compare_operator_named(source.op);
    if (!op) return always();  // reported by the reader
    comparison compared(*op, source.ignore_case);
    auto left = names.compile(source.left);
    predicate made;
    made.how = predicate::test::compare;
    std::string shown;
    if (source.right) {
        made.right = names.compile(*source.right);
        shown = source.right->text;
    } else if (source.right_text) {
        made.right_constant = value::from_string(names.parts().constants.copy(*source.right_text));
        shown = "'" + *source.right_text + "'";
    } else if (!source.right_json.empty()) {
        const auto json = names.parts().constants.copy(source.right_json);
        made.right_constant =
            expression::read_json(json, names.parts().constants).value_or(value::null());
        shown = source.right_json;
    }
    if (compared.needs_pattern()) {
        if (!source.right_text) {
            names.problems().error(source.op_where, "`" + source.op + "` needs a constant pattern");
            return always();
        }
        if (const auto wrong = compared.set_pattern(*source.right_text)) {
            names.problems().error(source.op_where, "bad regular expression: " + *wrong);
            return always();
        }
    }
    if (!left || (source.right && !made.right)) return always();
    made.code = std::move(*left);
    made.compared = std::move(compared);
    made.text = "compare(" + source.left.text + " " + source.op +
                (shown.empty() ? "" : " " + shown) + (source.ignore_case ? ", ignore case)" : ")");
    made.rule = rule;
    made.cost = 30;
    auto key = std::to_string(names.id()) + '\n' + made.text;
    auto id = predicates_.find(key);
    if (!id) id = predicates_.add(std::move(key), std::move(made));
    return add_part({.what = kind::predicate, .predicate = *id, .cost = 30});
}

truth condition_table::decide(condition_id id, std::span<truth> answers,
                              expression::evaluation_context& context) const
{
    const auto& owner = parts_[id];
    if (owner.what == kind::predicate) {
        auto& answer = answers[owner.predicate];
        if (answer == truth::unknown) answer = predicates_.decide(owner.predicate, context);
        return answer;
    }
    if (owner.what == kind::always) return truth::yes;
    const auto decisive = owner.what == kind::all ? truth::no : truth::yes;
    auto worst = truth::unknown;
    auto worst_rank = ~std::uint32_t{0};
    bool is_decided = false;
    for (const auto child : children(owner)) {
        const auto answer = decide(child, answers, context);
        if (answer == decisive) {
            is_decided = true;
            break;
        }
        if (is_error(answer) && parts_[child].rank < worst_rank) {
            worst = answer;
            worst_rank = parts_[child].rank;
        }
    }
    if (owner.what == kind::none) {
        if (is_decided) return truth::no;
        return worst == truth::unknown ? truth::yes : worst;
    }
    if (is_decided) return decisive;
    if (worst != truth::unknown) return worst;
    return owner.what == kind::all ? truth::yes : truth::no;
}

std::vector<condition_table::shown_predicate> condition_table::predicates_of(condition_id id) const
{
    std::vector<shown_predicate> found;
    collect(id, found);
    return found;
}

void condition_table::collect(condition_id id, std::vector<shown_predicate>& into) const
{
    const auto& owner = parts_[id];
    if (owner.what == kind::predicate) {
        const auto is_same = [&](const auto& shown) { return shown.id == owner.predicate; };
        if (std::ranges::any_of(into, is_same)) return;
        const auto named = named_texts_.find(id);
        into.push_back({owner.predicate, named == named_texts_.end()
                                             ? predicates_.at(owner.predicate).text
                                             : named->second});
        return;
    }
    std::vector<condition_id> ordered(children(owner).begin(), children(owner).end());
    std::ranges::sort(ordered, {}, [&](condition_id child) { return parts_[child].rank; });
    for (const auto child : ordered) collect(child, into);
}

}  // namespace sluice::rules
