#include "gateway/commands/configuration.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

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

rules::expression::limits limits_of(const config::rule_limit_settings& s)
{
    rules::expression::limits made;
    made.text_code_points_max = s.expression_code_points_max;
    made.nesting_max = s.nesting_max;
    made.tree_height_max = s.tree_height_max;
    made.loop_steps_max = s.loop_steps_max;
    made.regex_characters_max = s.regex_characters_max;
    made.regex_instructions_max = static_cast<int>(s.regex_instructions_max);
    made.regex_memory_bytes_max = static_cast<std::int64_t>(s.regex_memory_bytes_max);
    made.value_bytes_max = s.value_bytes_max;
    made.value_elements_max = s.value_elements_max;
    made.arena_bytes_max = s.arena_bytes_max;
    made.cost_units_max = static_cast<std::int64_t>(s.cost_units_max);
    return made;
}

rules::rule_environment rule_environment_of(const config::settings& settings)
{
    rules::rule_environment names;
    for (const auto& [name, dataset] : settings.datasets) {
        names.datasets.push_back(name);
        if (!dataset.schema) continue;
        const auto place = settings.places.find("datasets." + name);
        const auto where =
            place == settings.places.end() ? config::source_location{} : place->second;
        const auto folder =
            where.file ? std::filesystem::path(*where.file).parent_path() : std::filesystem::path();
        names.schemas[name] = {(folder / *dataset.schema).lexically_normal().string(), where};
    }
    for (const auto& [name, ignored] : settings.destinations) names.destinations.push_back(name);
    names.bounds = limits_of(settings.gateway.rule_limits);
    return names;
}

loaded_config load_configuration(const std::vector<std::string>& paths,
                                 config::diagnostics& problems, bool lints_tests)
{
    loaded_config loaded;
    loaded.settings = config::load(paths, config::process_environment(), problems);
    auto names = rule_environment_of(loaded.settings);
    names.lint_tests = lints_tests;
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
