// The part of checker.hpp that follows a schema through members, elements, loops and fallbacks.
#include "rules/expression/code/checker.hpp"
#include "rules/expression/printer.hpp"

namespace sluice::rules::expression {

// What the schema says of a member or element; fields that it does not have are errors.
void checker::step_into_shape(node& at)
{
    const auto& owner = *at.children[0];
    if (owner.shape == nullptr) return;
    const auto& shape = *owner.shape;
    const bool is_text = at.kind == node_kind::index && at.children[1]->is_literal() &&
                         at.children[1]->constant.is(value_kind::string);
    if (at.kind == node_kind::index && !is_text) {
        if (shape.kinds == mask_of(value_kind::list)) at.take_shape(shape.element);
        return;
    }
    const auto name = is_text ? std::string(at.children[1]->constant.text()) : at.name;
    auto found = member_of(shape, name, to_text(owner));
    if (!found.problem.empty()) {
        report(is_text ? at.children[1]->position : at.position, std::move(found.problem),
               std::move(found.hint));
    }
    at.is_certain = owner.is_certain && found.is_required;
    if (!at.presence && !at.optional && at.type == value_kind::any) at.take_shape(found.shape);
}

// One of the children from `first` on is the value: it may be what any of them may be.
void checker::type_alternatives(node& at, std::size_t first)
{
    if (at.type != value_kind::any) return;
    const bool skips_null = at.kind == node_kind::macro;
    at.schema_kinds = 0;
    for (std::size_t i = first; i < at.children.size(); ++i) {
        auto kinds = at.children[i]->kinds();
        const bool is_last = i + 1 == at.children.size();
        if (has_kind(kinds, value_kind::optional)) kinds = every_kind;
        if (skips_null && kinds != every_kind && !is_last) kinds &= ~mask_of(value_kind::null);
        at.schema_kinds |= kinds;
    }
    if (at.macro == macro_kind::coalesce) at.schema_kinds |= mask_of(value_kind::null);
    if (!skips_null || at.children.size() != 2) return;
    const auto& fallback = *at.children[1];
    const bool is_empty = (fallback.kind == node_kind::list && fallback.children.empty()) ||
                          (fallback.kind == node_kind::map && fallback.children.empty()) ||
                          (fallback.is_literal() && fallback.constant.is_null());
    if (is_empty) at.shape = at.children[0]->shape;
}

// The loop variables, or the bound name, of a macro whose range has been visited.
void checker::name_locals(const node& at)
{
    const auto& range = *at.children[0];
    const type_shape* inner = nullptr;
    if (range.shape != nullptr && at.macro == macro_kind::bind) inner = range.shape;
    if (range.shape != nullptr && at.macro != macro_kind::bind) {
        const auto kinds = range.kinds() & ~mask_of(value_kind::null);
        if (kinds == mask_of(value_kind::list)) inner = range.shape->element;
    }
    for (std::size_t i = 0; i < at.variables.size(); ++i) {
        locals_.push_back(at.variables[i]);
        local_shapes_.push_back(i + 1 == at.variables.size() ? inner : nullptr);
    }
}

}  // namespace sluice::rules::expression
