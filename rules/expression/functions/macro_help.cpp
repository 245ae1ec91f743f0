// The macros as the reference prints them; tabular.
#include "rules/expression/functions/macro_help.hpp"

namespace sluice::rules::expression {

namespace {

std::vector<function_declaration> presence_macros()
{
    constexpr auto family = "Presence";
    return {
        {family,
         "has",
         "has(e.f)",
         "Whether the member f exists, also when it is null; e itself must exist.",
         {{"has({'a': null}.a)", "true"}, {"has({}.a)", "false"}, {"has({}.a.b)", "error"}},
         {}},
        {family,
         "default",
         "default(e, x)",
         "e, or x where e is null, none or absent; other errors stay errors.",
         {{"default({'a': 1}.b, 7)", "7"},
          {"default(null, 7)", "7"},
          {"default({}.?a, 7)", "7"},
          {"default(1 / 0, 7)", "error"}},
         {}},
        {family,
         "coalesce",
         "coalesce(a, b, …)",
         "The first of 1 to 32 operands that is neither null, none nor absent; else null.",
         {{"coalesce(null, 'first', null, 'second')", "'first'"},
          {"coalesce({}.a, 7)", "7"},
          {"coalesce({}.a)", "null"}},
         {}},
        {family,
         "optMap",
         "o.optMap(v, e)",
         "e for the value v of an optional, as an optional.",
         {{"{'a': 1}.?a.optMap(v, v + 1).orValue(0)", "2"},
          {"{}.?a.optMap(v, v + 1).orValue(0)", "0"}},
         {}},
        {family,
         "optFlatMap",
         "o.optFlatMap(v, e)",
         "The same where e is an optional already.",
         {{"{'a': {'b': 1}}.?a.optFlatMap(v, v.?b).orValue(0)", "1"}},
         {}},
    };
}

std::vector<function_declaration> loop_macros()
{
    constexpr auto family = "Loops";
    return {
        {family,
         "all",
         "l.all(x, p), l.all(i, x, p)",
         "Whether p holds for every element (map: key). With i: index and element, or key and "
         "value.",
         {{"[1, 2].all(x, x > 0)", "true"},
          {"[].all(x, false)", "true"},
          {"{'a': 1}.all(k, v, k == 'a' && v == 1)", "true"}},
         {}},
        {family,
         "exists",
         "l.exists(x, p), l.exists(i, x, p)",
         "Whether p holds for an element; one that fails does not matter then.",
         {{"[1, 0].exists(x, 1 / x == 1)", "true"}, {"[].exists(x, true)", "false"}},
         {}},
        {family,
         "existsOne",
         "l.existsOne(i, x, p), l.exists_one(x, p)",
         "Whether p holds for exactly one element.",
         {{"[1, 2].exists_one(x, x > 1)", "true"}, {"[1, 2].existsOne(i, x, x > 0)", "false"}},
         {}},
        {family,
         "filter",
         "l.filter(x, p)",
         "The elements (map: keys) for which p holds.",
         {{"[1, 2, 3].filter(x, x > 1)", "[2, 3]"}},
         {}},
        {family,
         "map",
         "l.map(x, e), l.map(x, p, e)",
         "e for every element (map: key) for which p holds.",
         {{"[1, 2].map(x, x * 2)", "[2, 4]"},
          {"[1, 2].map(x, x > 1, x * 2)", "[4]"},
          {"{'a': 1}.map(k, k)", "['a']"}},
         {}},
        {family,
         "transformList",
         "l.transformList(i, x, e), l.transformList(i, x, p, e)",
         "A list of e, with index and element, or key and value.",
         {{"[3, 4].transformList(i, x, i + x)", "[3, 5]"},
          {"[3, 4].transformList(i, x, i > 0, x)", "[4]"}},
         {}},
        {family,
         "transformMap",
         "m.transformMap(k, v, e), m.transformMap(k, v, p, e)",
         "The same keys (list: indexes) with other values.",
         {{"{'a': 1}.transformMap(k, v, v + 1)", "{'a': 2}"}},
         {}},
        {family,
         "transformMapEntry",
         "m.transformMapEntry(k, v, {k: e}), m.transformMapEntry(k, v, p, {k: e})",
         "A map of the entries; a key that comes twice is an error.",
         {{"['x', 'y'].transformMapEntry(i, x, {x: i})", "{'x': 0, 'y': 1}"},
          {"['a', 'b'].transformMapEntry(i, x, {'same': x})", "error"}},
         {}},
        {family,
         "sortBy",
         "l.sortBy(x, key)",
         "Ascending by key and stable; all keys of one type.",
         {{"[3, 1, 2].sortBy(x, -x)", "[3, 2, 1]"}},
         {}},
        {family,
         "cel.bind",
         "cel.bind(v, e, body)",
         "body with v as a name for e, which is evaluated once, and only when it is used.",
         {{"cel.bind(v, 2, v * v)", "4"}},
         {}},
    };
}

}  // namespace

std::span<const function_declaration> all_macros()
{
    static const auto made = [] {
        auto all = presence_macros();
        for (auto& macro : loop_macros()) all.push_back(std::move(macro));
        return all;
    }();
    return made;
}

}  // namespace sluice::rules::expression
