#include "rules/expression/code/builders.hpp"

#include <algorithm>
#include <bit>

#include "rules/expression/compare.hpp"

namespace sluice::rules::expression {

namespace {

class call_code final : public code {
public:
    call_code(source_offset position, std::vector<call_candidate> candidates,
              std::vector<code_ptr> arguments, std::uint32_t ordinal)
        : position_(position),
          ordinal_(ordinal),
          candidates_(std::move(candidates)),
          arguments_(std::move(arguments))
    {
    }

    value run(evaluation_context& context) const override
    {
        static constexpr std::size_t on_stack = 6;
        value few[on_stack];
        auto* values = few;
        if (arguments_.size() > on_stack) {
            values = context.arena->allocate_array<value>(arguments_.size()).data();
        }
        for (std::size_t i = 0; i < arguments_.size(); ++i) {
            values[i] = arguments_[i]->run(context);
            if (values[i].is_error()) return values[i];
        }
        const std::span<const value> given(values, arguments_.size());
        for (const auto& candidate : candidates_) {
            if (!matches(*candidate.target, given)) continue;
            if (candidate.failure.is_error()) return candidate.failure.at(position_);
            const call_site site{position_, ordinal_, candidate.prepared.get()};
            const auto made = candidate.target->code(context, given, site);
            return made.is_error() ? made.at(position_) : made;
        }
        return mismatch(given).at(position_);
    }

private:
    static bool matches(const overload& candidate, std::span<const value> given)
    {
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (!accepts(candidate, i, given[i].kind())) return false;
        }
        return true;
    }
    static value mismatch(std::span<const value> given)
    {
        for (const auto& v : given) {
            if (v.is_null() || v.is_none()) return no_overload(v);
        }
        return no_overload(value::from_bool(true));
    }

    source_offset position_;
    std::uint32_t ordinal_;
    std::vector<call_candidate> candidates_;
    std::vector<code_ptr> arguments_;
};

class list_code final : public code {
public:
    list_code(source_offset position, std::vector<code_ptr> items, std::vector<bool> optional)
        : position_(position), items_(std::move(items)), optional_(std::move(optional))
    {
    }
    value run(evaluation_context& context) const override
    {
        if (!may_build_list(context, items_.size()))
            return limit_error(list_limit_text).at(position_);
        const auto made = context.arena->allocate_array<value>(items_.size());
        std::size_t count = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            const auto item = items_[i]->run(context);
            if (item.is_error()) return item;
            if (!optional_[i]) {
                made[count++] = item;
            } else if (!item.is(value_kind::optional)) {
                return no_overload(item).at(position_);
            } else if (!item.is_none()) {
                made[count++] = item.inner();
            }
        }
        return value::from_list(made.first(count));
    }

private:
    source_offset position_;
    std::vector<code_ptr> items_;
    std::vector<bool> optional_;
};

class map_code final : public code {
public:
    map_code(source_offset position, std::vector<code_ptr> parts, std::vector<bool> optional)
        : position_(position), parts_(std::move(parts)), optional_(std::move(optional))
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto made = context.arena->allocate_array<map_entry>(optional_.size());
        std::size_t count = 0;
        for (std::size_t i = 0; i < optional_.size(); ++i) {
            const auto key = parts_[2 * i]->run(context);
            if (key.is_error()) return key;
            auto item = parts_[2 * i + 1]->run(context);
            if (item.is_error()) return item;
            if (optional_[i]) {
                if (!item.is(value_kind::optional)) return no_overload(item).at(position_);
                if (item.is_none()) continue;
                item = item.inner();
            }
            made[count++] = {key, item};
        }
        const auto map = build_map(context, made.first(count));
        return map.is_error() ? map.at(position_) : map;
    }

private:
    source_offset position_;
    std::vector<code_ptr> parts_;
    std::vector<bool> optional_;
};

}  // namespace

bool has_duplicate_keys(std::span<const map_entry> entries, event_arena& arena)
{
    if (entries.size() <= 8) {
        for (std::size_t i = 1; i < entries.size(); ++i) {
            for (std::size_t k = 0; k < i; ++k) {
                if (equal(entries[i].key, entries[k].key)) return true;
            }
        }
        return false;
    }
    const auto size = std::bit_ceil(entries.size() * 2);
    const auto table = arena.allocate_array<std::uint32_t>(size);  // index + 1, 0 is free
    for (std::uint32_t i = 0; i < entries.size(); ++i) {
        auto at = (hash_of(entries[i].key) * 0x9e3779b97f4a7c15ull >> 20) & (size - 1);
        while (table[at] != 0) {
            if (equal(entries[table[at] - 1].key, entries[i].key)) return true;
            at = (at + 1) & (size - 1);
        }
        table[at] = i + 1;
    }
    return false;
}

value build_map(evaluation_context& context, std::span<const map_entry> entries)
{
    if (entries.size() > context.bounds->value_elements_max || !context.charge(300)) {
        return limit_error(map_limit_text);
    }
    for (const auto& entry : entries) {
        if (!is_key_kind(entry.key.kind())) {
            return value::error(error_kind::invalid_key_type,
                                "a map key must be bool, int, uint or string");
        }
    }
    if (has_duplicate_keys(entries, *context.arena)) {
        return value::error(error_kind::duplicate_key, "the same key occurs twice in a map");
    }
    return value::from_map(entries);
}

bool accepts(const overload& candidate, std::size_t index, value_kind kind)
{
    const auto wanted = candidate.parameters[std::min(index, candidate.parameters.size() - 1)];
    return wanted == value_kind::any || wanted == kind;
}

bool accepts_count(const overload& candidate, std::size_t count)
{
    return candidate.variadic ? count >= candidate.parameters.size()
                              : count == candidate.parameters.size();
}

code_ptr make_call(source_offset position, std::vector<call_candidate> candidates,
                   std::vector<code_ptr> arguments, std::uint32_t ordinal)
{
    return std::make_unique<call_code>(position, std::move(candidates), std::move(arguments),
                                       ordinal);
}

code_ptr make_list(source_offset position, std::vector<code_ptr> items, std::vector<bool> optional)
{
    return std::make_unique<list_code>(position, std::move(items), std::move(optional));
}

code_ptr make_map(source_offset position, std::vector<code_ptr> keys_and_items,
                  std::vector<bool> optional)
{
    return std::make_unique<map_code>(position, std::move(keys_and_items), std::move(optional));
}

}  // namespace sluice::rules::expression
