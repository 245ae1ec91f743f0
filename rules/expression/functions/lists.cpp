// A tabular file: its end declares functions with signatures, help and examples.
#include <algorithm>

#include "rules/expression/code/loops.hpp"
#include "rules/expression/compare.hpp"
#include "rules/expression/functions/support.hpp"

namespace sluice::rules::expression {

namespace {

value too_long()
{
    return limit_error(list_limit_text);
}

value slice(evaluation_context&, arguments given, const call_site&)
{
    const auto items = given[0].items();
    const auto from = given[1].as_int(), to = given[2].as_int();
    if (from < 0 || from > to || to > static_cast<std::int64_t>(items.size())) {
        return value::error(error_kind::index_out_of_bounds, "the slice is outside the list");
    }
    return value::from_list(
        items.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
}

std::size_t flat_size(arguments items, std::int64_t levels)
{
    std::size_t size = 0;
    for (const auto& item : items) {
        size += levels > 0 && item.is(value_kind::list) ? flat_size(item.items(), levels - 1) : 1;
    }
    return size;
}

value* flatten_into(arguments items, std::int64_t levels, value* into)
{
    for (const auto& item : items) {
        if (levels > 0 && item.is(value_kind::list)) {
            into = flatten_into(item.items(), levels - 1, into);
        } else {
            *into++ = item;
        }
    }
    return into;
}

value flatten(evaluation_context& context, arguments given, const call_site&)
{
    const auto levels = given.size() == 2 ? given[1].as_int() : 1;
    if (levels < 0) return invalid("the number of levels cannot be negative");
    const auto size = flat_size(given[0].items(), levels);
    if (!may_build_list(context, size)) return too_long();
    const auto made = context.arena->allocate_array<value>(size);
    flatten_into(given[0].items(), levels, made.data());
    return value::from_list(made);
}

value distinct(evaluation_context& context, arguments given, const call_site&)
{
    const auto items = given[0].items();
    if (!may_build_list(context, items.size())) return too_long();
    const auto made = context.arena->allocate_array<value>(items.size());
    std::size_t count = 0;
    for (const auto& item : items) {
        if (!context.charge(static_cast<std::int64_t>(count))) return limit_error(cost_limit_text);
        const auto end = made.begin() + static_cast<std::ptrdiff_t>(count);
        if (std::none_of(made.begin(), end, [&](const value& seen) { return equal(seen, item); }))
            made[count++] = item;
    }
    return value::from_list(made.first(count));
}

value range(evaluation_context& context, arguments given, const call_site&)
{
    const auto size = given[0].as_int();
    if (size < 0) return invalid("the size of a range cannot be negative");
    if (size > context.bounds->loop_steps_max) return limit_error(loop_limit_text);
    if (!may_build_list(context, static_cast<std::size_t>(size))) return too_long();
    const auto made = context.arena->allocate_array<value>(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < made.size(); ++i)
        made[i] = value::from_int(static_cast<std::int64_t>(i));
    return value::from_list(made);
}

value first(evaluation_context&, arguments given, const call_site&)
{
    const auto items = given[0].items();
    return items.empty() ? value::none() : value::some(&items.front());
}

value last(evaluation_context&, arguments given, const call_site&)
{
    const auto items = given[0].items();
    return items.empty() ? value::none() : value::some(&items.back());
}

value sort(evaluation_context& context, arguments given, const call_site&)
{
    return sort_by_keys(context, given[0].items(), given[0].items());
}

// Whether every element of `part` occurs in `whole`; the cost limit turns into an error.
bool is_subset(arguments part, arguments whole)
{
    return std::all_of(part.begin(), part.end(), [&](const value& item) {
        return std::any_of(whole.begin(), whole.end(),
                           [&](const value& other) { return equal(item, other); });
    });
}

bool charge_pairs(evaluation_context& context, arguments given)
{
    return context.charge(
        static_cast<std::int64_t>(given[0].items().size() * given[1].items().size()));
}

value set_contains(evaluation_context& context, arguments given, const call_site&)
{
    if (!charge_pairs(context, given)) return limit_error(cost_limit_text);
    return value::from_bool(is_subset(given[1].items(), given[0].items()));
}

value set_equivalent(evaluation_context& context, arguments given, const call_site&)
{
    if (!charge_pairs(context, given)) return limit_error(cost_limit_text);
    const auto a = given[0].items(), b = given[1].items();
    return value::from_bool(is_subset(a, b) && is_subset(b, a));
}

value set_intersects(evaluation_context& context, arguments given, const call_site&)
{
    if (!charge_pairs(context, given)) return limit_error(cost_limit_text);
    const auto other = given[1].items();
    for (const auto& item : given[0].items()) {
        if (std::any_of(other.begin(), other.end(), [&](const value& o) { return equal(item, o); }))
            return value::from_bool(true);
    }
    return value::from_bool(false);
}

}  // namespace

declarations list_functions()
{
    using enum value_kind;
    return {
        {"Lists",
         "slice",
         "l.slice(a, b)",
         "Elements a up to b; no clamping.",
         {{"[1, 2, 3, 4].slice(1, 3)", "[2, 3]"}, {"[1].slice(0, 2)", "error"}},
         {{true, {list, integer, integer}, list, slice}}},
        {"Lists",
         "flatten",
         "l.flatten([n])",
         "Nested lists opened, n levels deep (1).",
         {{"[1, [2, [3, [4]]]].flatten(2)", "[1, 2, 3, [4]]"}, {"[1, [2]].flatten()", "[1, 2]"}},
         {{true, {list}, list, flatten}, {true, {list, integer}, list, flatten}}},
        {"Lists",
         "distinct",
         "l.distinct()",
         "Without repetitions; the first occurrence stays.",
         {{"[1, 1.0, 2u, 2].distinct()", "[1, 2u]"}},
         {{true, {list}, list, distinct}}},
        {"Lists",
         "lists.range",
         "lists.range(n)",
         "The ints from 0 to n - 1.",
         {{"lists.range(3)", "[0, 1, 2]"}},
         {{false, {integer}, list, range}}},
        {"Lists",
         "first",
         "l.first()",
         "The first element as an optional.",
         {{"[1, 2].first().value()", "1"}, {"[].first().hasValue()", "false"}},
         {{true, {list}, optional, first}}},
        {"Lists",
         "last",
         "l.last()",
         "The last element as an optional.",
         {{"[1, 2].last().value()", "2"}},
         {{true, {list}, optional, last}}},
        {"Lists",
         "sort",
         "l.sort()",
         "Ascending and stable; all elements of one type.",
         {{"[3, 1, 2].sort()", "[1, 2, 3]"}, {"[1, 'a'].sort()", "error"}},
         {{true, {list}, list, sort}}},
        {"Sets",
         "sets.contains",
         "sets.contains(l, m)",
         "Whether every element of m is in l.",
         {{"sets.contains([1, 2], [2, 2])", "true"}},
         {{false, {list, list}, boolean, set_contains}}},
        {"Sets",
         "sets.equivalent",
         "sets.equivalent(l, m)",
         "Whether both have the same elements.",
         {{"sets.equivalent([1, 2], [2, 1, 1])", "true"}},
         {{false, {list, list}, boolean, set_equivalent}}},
        {"Sets",
         "sets.intersects",
         "sets.intersects(l, m)",
         "Whether they have an element in common.",
         {{"sets.intersects([1], [2])", "false"}},
         {{false, {list, list}, boolean, set_intersects}}},
    };
}

}  // namespace sluice::rules::expression
