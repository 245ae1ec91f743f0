#include "rules/expression/code/loops.hpp"

#include <algorithm>

#include "rules/expression/code/builders.hpp"
#include "rules/expression/compare.hpp"

namespace sluice::rules::expression {

namespace {

class loop_code final : public code {
public:
    explicit loop_code(loop_parts parts) : parts_(std::move(parts)) {}

    value run(evaluation_context& context) const override
    {
        const auto range = parts_.range->run(context);
        if (range.is_error()) return range;
        if (!range.is(value_kind::list) && !range.is(value_kind::map)) {
            return no_overload(range).at(parts_.position);
        }
        const auto made = walk(range, context);
        return made.is_error() ? made.at(parts_.position) : made;
    }

private:
    value walk(const value& range, evaluation_context& context) const
    {
        switch (parts_.macro) {
            case macro_kind::all:
                return fold(range, context, false);
            case macro_kind::exists:
                return fold(range, context, true);
            case macro_kind::exists_one:
                return exactly_one(range, context);
            case macro_kind::map:
            case macro_kind::filter:
            case macro_kind::transform_list:
                return to_list(range, context);
            case macro_kind::sort_by:
                return sorted(range, context);
            default:
                return to_map(range, context);
        }
    }

    [[nodiscard]] static std::size_t size_of(const value& range)
    {
        return range.is(value_kind::list) ? range.items().size() : range.entries().size();
    }

    // Binds the variables of step `i`; false when the budget is used up.
    bool bind(const value& range, std::size_t i, evaluation_context& context) const
    {
        auto* locals = context.locals;
        if (range.is(value_kind::list)) {
            const auto& item = range.items()[i];
            locals[parts_.first_local] =
                parts_.two_variables ? value::from_int(static_cast<std::int64_t>(i)) : item;
            if (parts_.two_variables) locals[parts_.second_local] = item;
        } else {
            const auto& entry = range.entries()[i];
            locals[parts_.first_local] = entry.key;
            if (parts_.two_variables) locals[parts_.second_local] = entry.item;
        }
        return ++context.loop_steps <= context.bounds->loop_steps_max &&
               context.charge(parts_.body_cost);
    }

    static value too_much(const evaluation_context& context)
    {
        const bool is_long = context.loop_steps > context.bounds->loop_steps_max;
        return limit_error(is_long ? loop_limit_text : cost_limit_text);
    }

    // true, false, or the error the predicate ends in.
    value test(evaluation_context& context) const
    {
        const auto v = parts_.predicate->run(context);
        return v.is(value_kind::boolean) || v.is_error() ? v : no_overload(v);
    }

    value fold(const value& range, evaluation_context& context, bool decisive) const
    {
        value first_error;
        for (std::size_t i = 0, n = size_of(range); i < n; ++i) {
            if (!bind(range, i, context)) return too_much(context);
            const auto v = test(context);
            if (v.is_error()) {
                if (!first_error.is_error()) first_error = v;
            } else if (v.as_bool() == decisive) {
                return v;
            }
        }
        return first_error.is_error() ? first_error : value::from_bool(!decisive);
    }

    value exactly_one(const value& range, evaluation_context& context) const
    {
        std::size_t found = 0;
        for (std::size_t i = 0, n = size_of(range); i < n; ++i) {
            if (!bind(range, i, context)) return too_much(context);
            const auto v = test(context);
            if (v.is_error()) return v;
            found += v.as_bool();
        }
        return value::from_bool(found == 1);
    }

    // What step `i` adds to a list when it has no transform: the element, or the key of a map.
    static value element(const value& range, std::size_t i)
    {
        return range.is(value_kind::list) ? range.items()[i] : range.entries()[i].key;
    }

    value to_list(const value& range, evaluation_context& context) const
    {
        const auto n = size_of(range);
        if (!context.may_build(n * sizeof(value)) || !context.charge(100))
            return limit_error(list_limit_text);
        const auto made = context.arena->allocate_array<value>(n);
        std::size_t count = 0;
        for (std::size_t i = 0; i < n; ++i) {
            if (!bind(range, i, context)) return too_much(context);
            if (parts_.predicate) {
                const auto v = test(context);
                if (v.is_error()) return v;
                if (!v.as_bool()) continue;
            }
            const auto item = parts_.transform ? parts_.transform->run(context) : element(range, i);
            if (item.is_error()) return item;
            made[count++] = item;
        }
        return value::from_list(made.first(count));
    }

    value to_map(const value& range, evaluation_context& context) const
    {
        const auto n = size_of(range);
        const auto per_step = parts_.transform ? 1 : parts_.entries.size() / 2;
        if (!context.may_build(n * per_step * sizeof(map_entry)))
            return limit_error(map_limit_text);
        const auto made = context.arena->allocate_array<map_entry>(n * per_step);
        std::size_t count = 0;
        for (std::size_t i = 0; i < n; ++i) {
            if (!bind(range, i, context)) return too_much(context);
            if (parts_.predicate) {
                const auto v = test(context);
                if (v.is_error()) return v;
                if (!v.as_bool()) continue;
            }
            if (parts_.transform) {
                const auto item = parts_.transform->run(context);
                if (item.is_error()) return item;
                made[count++] = {context.locals[parts_.first_local], item};
                continue;
            }
            for (std::size_t k = 0; k < parts_.entries.size(); k += 2) {
                const auto key = parts_.entries[k]->run(context);
                if (key.is_error()) return key;
                const auto item = parts_.entries[k + 1]->run(context);
                if (item.is_error()) return item;
                made[count++] = {key, item};
            }
        }
        return build_map(context, made.first(count));
    }

    value sorted(const value& range, evaluation_context& context) const
    {
        if (!range.is(value_kind::list)) return no_overload(range);
        const auto items = range.items();
        if (!may_build_list(context, items.size())) return limit_error(list_limit_text);
        const auto keys = context.arena->allocate_array<value>(items.size());
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (!bind(range, i, context)) return too_much(context);
            keys[i] = parts_.transform->run(context);
            if (keys[i].is_error()) return keys[i];
        }
        return sort_by_keys(context, items, keys);
    }

    loop_parts parts_;
};

}  // namespace

value sort_by_keys(evaluation_context& context, std::span<const value> items,
                   std::span<const value> keys)
{
    for (const auto& key : keys) {
        if (key.kind() != keys[0].kind() || !compare(key, key)) return no_overload(key, keys[0]);
    }
    if (!may_build_list(context, items.size())) return limit_error(list_limit_text);
    if (!context.charge(static_cast<std::int64_t>(items.size()) * 40))
        return limit_error(cost_limit_text);
    const auto order = context.arena->allocate_array<std::uint32_t>(items.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    // The index as tie-break makes the order stable without the buffer of stable_sort, and NaN
    // harmless.
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        const auto o = *compare(keys[a], keys[b]);
        if (o < 0) return true;
        if (o > 0) return false;
        if (o == std::partial_ordering::unordered) {
            const bool a_is_nan = keys[a].as_double() != keys[a].as_double();
            const bool b_is_nan = keys[b].as_double() != keys[b].as_double();
            if (a_is_nan != b_is_nan) return a_is_nan;
        }
        return a < b;
    });
    const auto made = context.arena->allocate_array<value>(items.size());
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = items[order[i]];
    return value::from_list(made);
}

code_ptr make_loop(loop_parts parts)
{
    return std::make_unique<loop_code>(std::move(parts));
}

}  // namespace sluice::rules::expression
