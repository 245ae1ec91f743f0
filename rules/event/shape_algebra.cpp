#include "rules/event/shape_algebra.hpp"

#include <algorithm>

namespace sluice::rules {

using expression::mask_of;
using expression::type_shape;
using expression::value_kind;

const type_shape* shape_algebra::anything()
{
    if (anything_ == nullptr) {
        auto& made = pool_.emplace_back();
        made.is_open = true;
        anything_ = &made;
    }
    return anything_;
}

void shape_algebra::narrow(type_shape& into, const type_shape& part, int depth)
{
    into.kinds &= part.kinds;
    into.is_open = into.is_open || part.is_open;
    into.is_forbidden = into.is_forbidden || part.is_forbidden;
    into.required.insert(part.required.begin(), part.required.end());
    if (into.other == nullptr) into.other = part.other;
    if (into.element == nullptr) into.element = part.element;
    if (into.texts.empty()) {
        into.texts = part.texts;
    } else if (!part.texts.empty()) {
        std::erase_if(into.texts, [&](const auto& text) {
            return std::ranges::find(part.texts, text) == part.texts.end();
        });
    }
    for (const auto& [name, shape] : part.members) {
        const auto [known, is_new] = into.members.try_emplace(name, shape);
        if (is_new || known->second == shape || depth >= depth_max) continue;
        auto both = *known->second;
        narrow(both, *shape, depth + 1);
        known->second = &pool_.emplace_back(std::move(both));
    }
}

const type_shape* shape_algebra::one_of(const std::vector<const type_shape*>& choices, int depth)
{
    if (choices.size() == 1) return choices[0];
    if (depth >= depth_max) return anything();
    type_shape made;
    made.kinds = 0;
    made.required = choices[0]->required;
    bool has_element = true, has_texts = true;
    std::size_t with_members = 0, maps = 0;
    std::map<std::string, std::vector<const type_shape*>, std::less<>> members;
    std::vector<const type_shape*> elements;
    for (const auto* choice : choices) {
        if (choice->is_forbidden) continue;
        made.kinds |= choice->kinds;
        const bool may_be_map = has_kind(choice->kinds, value_kind::map);
        made.is_open = made.is_open || choice->is_open;
        maps += may_be_map ? 1 : 0;
        with_members += may_be_map && !choice->members.empty() ? 1 : 0;
        if (may_be_map) {
            std::erase_if(made.required,
                          [&](const auto& n) { return !choice->required.contains(n); });
        }
        for (const auto& [name, shape] : choice->members) members[name].push_back(shape);
        if (has_kind(choice->kinds, value_kind::list)) {
            has_element = has_element && choice->element != nullptr;
            elements.push_back(choice->element);
        }
        has_texts = has_texts && !choice->texts.empty();
        made.texts.insert(made.texts.end(), choice->texts.begin(), choice->texts.end());
    }
    // Choices of which none names members, such as {required: [a]}, say nothing about names.
    made.is_open = made.is_open || (with_members > 0 && with_members < maps);
    if (!has_texts) made.texts.clear();
    for (const auto& [name, shapes] : members) made.members[name] = one_of(shapes, depth + 1);
    if (has_element && !elements.empty()) made.element = one_of(elements, depth + 1);
    return &pool_.emplace_back(std::move(made));
}

}  // namespace sluice::rules
