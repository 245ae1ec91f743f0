// A tabular file: its end declares functions with signatures, help and examples.
#include "rules/expression/compare.hpp"
#include "rules/expression/functions/support.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

value size_of(evaluation_context& context, arguments given, const call_site&)
{
    const auto& x = given[0];
    std::size_t size = 0;
    switch (x.kind()) {
        case value_kind::string:
            if (!context.charge(static_cast<std::int64_t>(x.text().size())))
                return limit_error(cost_limit_text);
            size = count_code_points(x.text());
            break;
        case value_kind::bytes:
            size = x.text().size();
            break;
        case value_kind::list:
            size = x.items().size();
            break;
        default:
            size = x.entries().size();
    }
    return value::from_int(static_cast<std::int64_t>(size));
}

value contains(evaluation_context& context, arguments given, const call_site&)
{
    if (!context.charge(static_cast<std::int64_t>(given[0].text().size())))
        return limit_error(cost_limit_text);
    return value::from_bool(given[0].text().find(given[1].text()) != std::string_view::npos);
}

value starts_with(evaluation_context&, arguments given, const call_site&)
{
    return value::from_bool(given[0].text().starts_with(given[1].text()));
}

value ends_with(evaluation_context&, arguments given, const call_site&)
{
    return value::from_bool(given[0].text().ends_with(given[1].text()));
}

value type_of(evaluation_context&, arguments given, const call_site&)
{
    return value::from_type(given[0].kind());
}

value same(evaluation_context&, arguments given, const call_site&)
{
    return given[0];
}

}  // namespace

declarations standard_functions()
{
    using enum value_kind;
    std::vector<overload> sizes;
    for (const bool method : {false, true}) {
        for (const auto kind : {string, bytes, list, map})
            sizes.push_back({method, {kind}, integer, size_of});
    }
    return {
        {"Standard",
         "size",
         "size(x), x.size()",
         "Code points of a string, octets of bytes, elements of a list or map.",
         {{"size('héllo')", "5"}, {"[1, 2].size()", "2"}, {"size({'a': 1})", "1"}},
         std::move(sizes)},
        {"Standard",
         "contains",
         "s.contains(t)",
         "Whether t occurs in s.",
         {{"'sluice'.contains('ui')", "true"}, {"'a'.contains('')", "true"}},
         {{true, {string, string}, boolean, contains}}},
        {"Standard",
         "startsWith",
         "s.startsWith(t)",
         "Whether s begins with t.",
         {{"'order.completed'.startsWith('order.')", "true"}},
         {{true, {string, string}, boolean, starts_with}}},
        {"Standard",
         "endsWith",
         "s.endsWith(t)",
         "Whether s ends with t.",
         {{"'a.csv'.endsWith('.csv')", "true"}},
         {{true, {string, string}, boolean, ends_with}}},
        {"Standard",
         "type",
         "type(x)",
         "The type of a value.",
         {{"type(1) == int", "true"},
          {"type(null) == null_type", "true"},
          {"type(type(1)) == type", "true"}},
         {{false, {any}, type, type_of}}},
        {"Standard",
         "dyn",
         "dyn(x)",
         "x itself; the checker forgets its type.",
         {{"dyn(1) == 1.0", "true"}},
         {{false, {any}, any, same}}},
    };
}

}  // namespace sluice::rules::expression
