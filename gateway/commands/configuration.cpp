#include "gateway/commands/configuration.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "batch/export_job.hpp"
#include "config/load.hpp"
#include "gateway/commands/commands.hpp"
#include "rules/json_expression.hpp"

namespace sluice::gateway {

namespace {

/// What only the gateway can check: expressions that stand outside of rule sets.
void check_expressions(const config::settings& settings, config::diagnostics& problems)
{
    for (const auto& [name, stream] : settings.datastreams) {
        if (!stream.key) continue;
        auto compiled = rules::json_expression::compile(*stream.key, "event", false);
        if (compiled.has_value()) continue;
        const auto place = settings.places.find("datastreams." + name);
        problems.error(place == settings.places.end() ? config::source_location{} : place->second,
                       fmt::format("key of datastream '{}': {}", name, compiled.error().message),
                       "key is a CEL expression over `event`, for example event.user.id");
    }
}

}  // namespace

loaded_config load_configuration(const std::vector<std::string>& paths,
                                 config::diagnostics& problems)
{
    loaded_config loaded;
    loaded.settings = config::load(paths, config::process_environment(), problems);
    rules::rule_environment names;
    for (const auto& [name, ignored] : loaded.settings.datasets) names.datasets.push_back(name);
    for (const auto& [name, ignored] : loaded.settings.destinations) {
        names.destinations.push_back(name);
    }
    if (auto r = batch::check_exports(loaded.settings.exports); r.has_error()) {
        const auto place = loaded.settings.places.find("exports");
        problems.error(
            place == loaded.settings.places.end() ? config::source_location{} : place->second,
            r.error().message);
    }
    auto catalog = rules::compile_rules(loaded.settings.rules, names, problems);
    check_expressions(loaded.settings, problems);
    if (!problems.has_errors()) loaded.catalog = std::move(catalog);
    return loaded;
}

std::optional<loaded_config> load_or_complain(const std::vector<std::string>& paths)
{
    config::diagnostics problems;
    auto loaded = load_configuration(paths, problems);
    std::fputs(problems.to_text().c_str(), stderr);
    if (!loaded.catalog) return std::nullopt;
    return loaded;
}

void add_config_option(CLI::App& command, std::vector<std::string>& paths, bool is_positional)
{
    command
        .add_option(is_positional ? "config" : "-c,--config", paths,
                    "Configuration files or folders (*.yaml), read together")
        ->required();
}

}  // namespace sluice::gateway
