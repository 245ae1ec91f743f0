#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "config/schema/json_schema.hpp"
#include "config/schema/reference.hpp"
#include "gateway/admin/metric_names.hpp"
#include "gateway/admin/openapi.hpp"
#include "gateway/commands/commands.hpp"
#include "rules/expression/functions/registry.hpp"

namespace sluice::gateway {

namespace {

std::string metrics_reference()
{
    std::string text = "| metric | kind | meaning |\n| --- | --- | --- |\n";
    for (const auto& d : metric::declarations) {
        text += fmt::format("| `{}` | {} | {} |\n", d.name, d.kind, d.help);
    }
    return text;
}

}  // namespace

void add_schema_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("schema", "Print schemas and references");
    command->require_subcommand(1);
    command->footer("All of it is printed from the declarations that the program itself uses.");
    const auto add = [&](const char* name, const char* help, std::string (*print)()) {
        command->add_subcommand(name, help)->callback([&selected, print] {
            selected = [print]() -> int {
                fmt::print("{}\n", print());
                return exit_done;
            };
        });
    };
    add("config", "JSON Schema of the configuration", [] { return config::config_json_schema(); });
    add("reference", "Every setting with default, range and meaning (Markdown)",
        [] { return config::config_reference(); });
    add("functions", "Every function of the rules language (Markdown)",
        [] { return rules::expression::function_reference(); });
    add("openapi", "OpenAPI of the HTTP API (JSON)", [] { return std::string(openapi_json()); });
    add("metrics", "Every metric (Markdown)", [] { return metrics_reference(); });
}

}  // namespace sluice::gateway
