// Fuzz target of request paths: the input is a template, a zero byte and an event. Whatever the
// event holds, its values cannot add a segment, a query or a fragment to a path.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/event/event_view.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/request/template_string.hpp"

namespace {

class no_variables final : public sluice::rules::expression::variable_source {
public:
    sluice::rules::expression::value variable(
        std::uint32_t, sluice::rules::expression::evaluation_context&) override
    {
        return sluice::rules::expression::value::null();
    }
};

std::ptrdiff_t separators(std::string_view text)
{
    return std::ranges::count_if(
        text, [](char c) { return c == '/' || c == '?' || c == '#' || c == '\\' || c == '\n'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace sluice;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto zero = input.find('\0');
    const std::string text(input.substr(0, zero));
    auto json = zero == std::string_view::npos ? std::string_view("{}") : input.substr(zero + 1);
    rules::event_arena arena;
    if (!rules::expression::read_json(json, arena, 64)) json = "{}";

    rules::program_parts parts;
    parts.bounds.cost_units_max = 20'000;
    config::diagnostics problems;
    rules::scope names(parts, "s", problems);
    std::uint32_t ordinal = 0;
    const auto made = rules::template_string::compile({text, {}}, names, ordinal);
    if (!made) {
        if (!problems.has_errors()) std::abort();
        return 0;
    }
    parts.paths.freeze();
    // `meta` has declared types, which a fuzzed document would not keep: it is absent
    std::vector<rules::expression::value> slots(parts.paths.slot_count(),
                                                rules::expression::value::absent_path(0, false));
    std::vector<rules::json_range> ranges(slots.size());
    rules::event_reader reader;
    for (const auto root : {rules::path_root::event, rules::path_root::request}) {
        reader.fill(parts.paths, root, json, slots, ranges, arena);
    }
    rules::expression::evaluation_context context(arena, parts.bounds);
    no_variables none;
    context.slots = slots;
    context.variables = &none;
    std::string plain, path;
    static_cast<void>(made->render(context, plain));
    context.begin();
    if (made->render_path(context, path)) return 0;

    // what stands outside of {{ }} is all the separators there may be
    auto literal = text;
    for (auto open = literal.find("{{"); open != std::string::npos; open = literal.find("{{")) {
        const auto close = literal.find("}}", open);
        if (close == std::string::npos) break;
        literal.erase(open, close + 2 - open);
    }
    if (literal.find_first_of("{}") != std::string::npos) return 0;  // texts with braces inside
    if (separators(path) > separators(literal)) std::abort();
    return 0;
}
