// Any text as a configuration with rules, and any text as an event: neither may crash, hang or read
// out of bounds. The input is `YAML \0 event`; without the NUL the event is a fixed one.

#include <cstdint>
#include <map>
#include <string>

#include "config/yaml/yaml_reader.hpp"
#include "rules/explain.hpp"
#include "rules/rule_compiler.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace sluice;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto cut = input.find('\0');
    const auto yaml = input.substr(0, cut);
    const auto json =
        cut == std::string_view::npos
            ? std::string_view{R"({"id":"1","order":{"total":12.5},"items":[{"a":1}]})"}
            : input.substr(cut + 1);
    config::diagnostics problems;
    const auto document = config::read_yaml_text(yaml, "fuzz.yaml", problems);
    const auto* found = document ? document->find("rules") : nullptr;
    if (found == nullptr) return 0;
    std::map<std::string, config::rule_source> sources;
    for (const auto& [name, body] : found->members) {
        // Files are not the target's business.
        if (body.find("include") != nullptr) return 0;
        sources[name.text] = {.name = name.text, .body = body, .folder = "."};
    }
    const rules::rule_environment names{.datasets = {"d"}, .destinations = {"x"}};
    const auto catalog =
        rules::compile_rule_sets(rules::read_rule_sets(sources, problems), names, problems);
    static_cast<void>(problems.to_text());
    if (!catalog) return 0;
    const auto* program = catalog->program_of("d");
    if (program == nullptr) return 0;
    const rules::event_input event{.json = json, .id = "e", .type = "t", .dataset = "d"};
    const auto scratch = program->make_scratch();
    rules::event_arena arena;
    const auto decided = program->decide(event, arena, *scratch);
    rules::rendered_request request;
    for (const auto rule : decided.matched) {
        static_cast<void>(program->render(rule, event, decided, *scratch, request));
    }
    static_cast<void>(rules::to_text(rules::explain_event(*program, event)));
    return 0;
}
