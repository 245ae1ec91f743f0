// A tabular file: its end declares functions with signatures, help and examples.
#include "rules/expression/functions/support.hpp"

namespace sluice::rules::expression {

namespace {

value of(evaluation_context& context, arguments given, const call_site&)
{
    return build_some(context, given[0]);
}

value none(evaluation_context&, arguments, const call_site&)
{
    return value::none();
}

bool is_zero(const value& x)
{
    switch (x.kind()) {
        case value_kind::null:
            return true;
        case value_kind::boolean:
        case value_kind::integer:
        case value_kind::duration:
            return x.as_int() == 0;
        case value_kind::unsigned_integer:
            return x.as_uint() == 0;
        case value_kind::floating:
            return x.as_double() == 0;
        case value_kind::string:
        case value_kind::bytes:
            return x.text().empty();
        case value_kind::list:
            return x.items().empty();
        case value_kind::map:
            return x.entries().empty();
        default:
            return false;
    }
}

value of_non_zero(evaluation_context& context, arguments given, const call_site&)
{
    return is_zero(given[0]) ? value::none() : build_some(context, given[0]);
}

value has_value(evaluation_context&, arguments given, const call_site&)
{
    return value::from_bool(!given[0].is_none());
}

value value_of(evaluation_context&, arguments given, const call_site&)
{
    if (given[0].is_none())
        return value::absent_error(error_kind::none_dereference, "the optional has no value");
    return given[0].inner();
}

value either(evaluation_context&, arguments given, const call_site&)
{
    return given[0].is_none() ? given[1] : given[0];
}

value value_or(evaluation_context&, arguments given, const call_site&)
{
    return given[0].is_none() ? given[1] : given[0].inner();
}

value unwrap(evaluation_context& context, arguments given, const call_site&)
{
    const auto items = given[0].items();
    if (!may_build_list(context, items.size())) return limit_error(list_limit_text);
    const auto made = context.arena->allocate_array<value>(items.size());
    std::size_t count = 0;
    for (const auto& item : items) {
        if (!item.is(value_kind::optional)) return no_overload(item);
        if (!item.is_none()) made[count++] = item.inner();
    }
    return value::from_list(made.first(count));
}

}  // namespace

declarations optional_functions()
{
    using enum value_kind;
    return {
        {"Optionals",
         "optional.of",
         "optional.of(x)",
         "An optional that holds x.",
         {{"optional.of(1).value()", "1"}},
         {{false, {any}, optional, of}}},
        {"Optionals",
         "optional.none",
         "optional.none()",
         "An optional without a value.",
         {{"optional.none().hasValue()", "false"}},
         {{false, {}, optional, none}}},
        {"Optionals",
         "optional.ofNonZeroValue",
         "optional.ofNonZeroValue(x)",
         "None for null, false, 0 and everything empty.",
         {{"optional.ofNonZeroValue('').orValue('x')", "'x'"}},
         {{false, {any}, optional, of_non_zero}}},
        {"Optionals",
         "hasValue",
         "o.hasValue()",
         "Whether there is a value.",
         {{"{'a': 1}.?a.hasValue()", "true"}},
         {{true, {optional}, boolean, has_value}}},
        {"Optionals",
         "value",
         "o.value()",
         "The value; none is an error.",
         {{"{'a': 1}.?a.value()", "1"}, {"{'a': 1}.?b.value()", "error"}},
         {{true, {optional}, any, value_of}}},
        {"Optionals",
         "or",
         "o.or(p)",
         "o, or p when o is none.",
         {{"optional.none().or(optional.of(2)).value()", "2"}},
         {{true, {optional, optional}, optional, either}}},
        {"Optionals",
         "orValue",
         "o.orValue(x)",
         "The value of o, or x when o is none.",
         {{"{'a': 1}[?'b'].orValue(7)", "7"}},
         {{true, {optional, any}, any, value_or}}},
        {"Optionals",
         "optional.unwrap",
         "optional.unwrap(l)",
         "The values of a list of optionals, nones dropped.",
         {{"optional.unwrap([optional.of(1), optional.none()])", "[1]"}},
         {{false, {list}, list, unwrap}}},
        {"Optionals",
         "unwrapOpt",
         "l.unwrapOpt()",
         "The same as optional.unwrap(l).",
         {{"[optional.of(1), optional.none()].unwrapOpt()", "[1]"}},
         {{true, {list}, list, unwrap}}},
    };
}

}  // namespace sluice::rules::expression
